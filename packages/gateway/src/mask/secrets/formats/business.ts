import type { Format } from '../format.ts'

const stripe = 'https://docs.stripe.com/keys'
const square = 'https://developer.squareup.com/docs/build-basics/access-tokens'
const shopify = 'https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens'
const plaid = 'https://plaid.com/docs/api/items/'
const razorpay = 'https://razorpay.com/docs/api/authentication/'
const flutterwave = 'https://developer.flutterwave.com/docs/authentication'
const shippo = 'https://docs.goshippo.com/docs/guides_general/authentication/'
const easypost = 'https://docs.easypost.com/docs/authentication'
const duffel = 'https://duffel.com/docs/api/overview/making-requests'
const linear = 'https://linear.app/developers'
const notion = 'https://developers.notion.com/docs/authorization'
const asana = 'https://developers.asana.com/docs/authentication'
const airtable = 'https://airtable.com/developers/web/guides/personal-access-tokens'
const figma = 'https://developers.figma.com/docs/rest-api/authentication/'
const hubspot = 'https://developers.hubspot.com/docs/guides/apps/private-apps/overview'
const paddle = 'https://developer.paddle.com/api-reference/about/authentication'

/** Payments, shops, shipping, and the places where teams keep their work. */
export const businessFormats: readonly Format[] = [
  { id: 'stripe-secret', pattern: 'sk_live_<alnum:10,255>', source: stripe },
  { id: 'stripe-test-secret', pattern: 'sk_test_<alnum:10,255>', source: stripe },
  { id: 'stripe-restricted', pattern: 'rk_live_<alnum:10,255>', source: stripe },
  { id: 'stripe-test-restricted', pattern: 'rk_test_<alnum:10,255>', source: stripe },
  { id: 'stripe-organization', pattern: 'sk_org_<word:20,255>', source: stripe },
  {
    id: 'stripe-webhook-secret',
    pattern: 'whsec_<base64:24,128>',
    source: 'https://docs.stripe.com/webhooks/signature',
  },
  { id: 'stripe-account-link', pattern: 'acct_1<alnum:15>_secret_<alnum:20,60>', source: stripe },
  { id: 'square-access', pattern: 'sq0atp-<url:22>', source: square },
  { id: 'square-secret', pattern: 'sq0csp-<url:43>', source: square },
  { id: 'square-application', pattern: 'sq0idp-<url:22>', source: square, confidence: 80 },
  { id: 'square-access-token', pattern: 'EAAA<url:56,60>', source: square, mixed: true },
  {
    id: 'braintree-access',
    pattern: 'access_token$production$<lowernum:16>$<hex:32>',
    source: 'https://developer.paypal.com/braintree/docs/guides/authorization/overview',
  },
  {
    id: 'braintree-sandbox-access',
    pattern: 'access_token$sandbox$<lowernum:16>$<hex:32>',
    source: 'https://developer.paypal.com/braintree/docs/guides/authorization/overview',
  },
  { id: 'plaid-access', pattern: 'access-production-<uuid:36>', source: plaid },
  { id: 'plaid-development-access', pattern: 'access-development-<uuid:36>', source: plaid },
  { id: 'plaid-sandbox-access', pattern: 'access-sandbox-<uuid:36>', source: plaid },
  { id: 'razorpay-key', pattern: 'rzp_live_<alnum:14>', source: razorpay },
  { id: 'razorpay-test-key', pattern: 'rzp_test_<alnum:14>', source: razorpay },
  { id: 'flutterwave-secret', pattern: 'FLWSECK-<alnum:12,40>-X', source: flutterwave },
  { id: 'flutterwave-test-secret', pattern: 'FLWSECK_TEST-<alnum:12,40>', source: flutterwave },
  {
    id: 'adyen-key',
    pattern: 'AQE<alnum:3><token:60,300>',
    source: 'https://docs.adyen.com/development-resources/api-credentials/',
    mixed: true,
  },
  {
    id: 'live-key',
    pattern: 'live_<url:30,64>',
    source: 'https://docs.mollie.com/reference/authentication',
    mixed: true,
  },
  {
    id: 'live-hex-key',
    pattern: 'live_<hex:35>',
    source: 'https://docs.lob.com/#tag/Authentication',
  },
  {
    id: 'test-key',
    pattern: 'test_<url:30,64>',
    source: 'https://docs.mollie.com/reference/authentication',
    mixed: true,
  },
  {
    id: 'test-hex-key',
    pattern: 'test_<hex:35>',
    source: 'https://docs.lob.com/#tag/Authentication',
  },
  {
    id: 'sandbox-key',
    pattern: 'sandbox_<url:40>',
    source: 'https://developer.gocardless.com/getting-started/api/making-your-first-request/',
    mixed: true,
  },
  {
    id: 'checkout-secret',
    pattern: 'sk_<uuid:36>',
    source: 'https://www.checkout.com/docs/developer-resources/api/manage-api-keys',
  },
  {
    id: 'checkout-sandbox-secret',
    pattern: 'sk_sbox_<alnum:24,40>',
    source: 'https://www.checkout.com/docs/developer-resources/api/manage-api-keys',
  },
  {
    id: 'paddle-key',
    pattern: 'pdl_live_apikey_<lowernum:26>_<alnum:22>_<alnum:3>',
    source: paddle,
  },
  {
    id: 'paddle-sandbox-key',
    pattern: 'pdl_sdbx_apikey_<lowernum:26>_<alnum:22>_<alnum:3>',
    source: paddle,
  },
  {
    id: 'paddle-webhook-secret',
    pattern: 'pdl_ntfset_<lowernum:26>_<token:24,60>',
    source: 'https://developer.paddle.com/webhooks/signature-verification',
  },
  {
    id: 'xendit-key',
    pattern: 'xnd_production_<alnum:40,80>',
    source: 'https://docs.xendit.co/docs/integration-settings',
  },
  {
    id: 'xendit-test-key',
    pattern: 'xnd_development_<alnum:40,80>',
    source: 'https://docs.xendit.co/docs/integration-settings',
  },
  {
    id: 'midtrans-key',
    pattern: 'Mid-server-<url:20,40>',
    source: 'https://docs.midtrans.com/docs/access-keys',
  },
  {
    id: 'coinbase-cdp-key',
    pattern: 'organizations/<uuid:36>/apiKeys/<uuid:36>',
    source: 'https://docs.cdp.coinbase.com/get-started/authentication/cdp-api-keys',
    confidence: 80,
  },
  { id: 'shippo-token', pattern: 'shippo_live_<hex:40>', source: shippo },
  { id: 'shippo-test-token', pattern: 'shippo_test_<hex:40>', source: shippo },
  { id: 'easypost-key', pattern: 'EZAK<alnum:54>', source: easypost },
  { id: 'easypost-test-key', pattern: 'EZTK<alnum:54>', source: easypost },
  { id: 'duffel-token', pattern: 'duffel_live_<url:43>', source: duffel },
  { id: 'duffel-test-token', pattern: 'duffel_test_<url:43>', source: duffel },
  { id: 'shopify-access', pattern: 'shpat_<anyhex:32>', source: shopify },
  { id: 'shopify-custom-app', pattern: 'shpca_<anyhex:32>', source: shopify },
  { id: 'shopify-private-app', pattern: 'shppa_<anyhex:32>', source: shopify },
  { id: 'shopify-shared-secret', pattern: 'shpss_<anyhex:32>', source: shopify },
  { id: 'shopify-user', pattern: 'shpua_<anyhex:32>', source: shopify },
  {
    id: 'shopify-partner',
    pattern: 'prtapi_<anyhex:32>',
    source: 'https://shopify.dev/docs/api/partner',
  },
  { id: 'hubspot-private-app', pattern: 'pat-<lowernum:3>-<uuid:36>', source: hubspot },
  { id: 'hubspot-private-app-two', pattern: 'pat-<lower:2>-<uuid:36>', source: hubspot },
  {
    id: 'salesforce-session',
    pattern: '00D<alnum:12>!<dotted:60,200>',
    source:
      'https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/quickstart_oauth.htm',
  },
  {
    id: 'salesforce-session-long',
    pattern: '00D<alnum:15>!<dotted:60,200>',
    source:
      'https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/quickstart_oauth.htm',
  },
  {
    id: 'salesforce-refresh',
    pattern: '5Aep<dotted:60,120>',
    source:
      'https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_refresh_token_flow.htm',
  },
  { id: 'linear-key', pattern: 'lin_api_<alnum:40>', source: linear },
  { id: 'linear-oauth', pattern: 'lin_oauth_<hex:64>', source: linear },
  { id: 'linear-webhook-secret', pattern: 'lin_wh_<alnum:20,60>', source: linear },
  { id: 'notion-token', pattern: 'ntn_<digit:11><alnum:35>', source: notion },
  { id: 'notion-old-token', pattern: 'secret_<alnum:43>', source: notion },
  { id: 'asana-pat-v0', pattern: '0/<hex:32>', source: asana },
  { id: 'asana-pat-v1', pattern: '1/<digit:13,18>:<hex:32>', source: asana },
  { id: 'asana-pat-v2', pattern: '2/<digit:13,18>/<digit:13,18>:<hex:32>', source: asana },
  { id: 'airtable-pat', pattern: 'pat<alnum:14>.<hex:64>', source: airtable },
  {
    id: 'airtable-key',
    pattern: 'key<alnum:14>',
    source: 'https://support.airtable.com/docs/airtable-api-key-deprecation-notice',
    mixed: true,
    confidence: 60,
  },
  {
    id: 'clickup-token',
    pattern: 'pk_<digit:7,9>_<uppernum:32>',
    source: 'https://developer.clickup.com/docs/authentication',
  },
  {
    id: 'trello-token',
    pattern: 'ATTA<alnum:72>',
    source: 'https://developer.atlassian.com/cloud/trello/guides/rest-api/authorization/',
  },
  {
    id: 'dropbox-short-lived',
    pattern: 'sl.<url:120,1400>',
    source: 'https://developers.dropbox.com/oauth-guide',
  },
  {
    id: 'dropbox-user-short-lived',
    pattern: 'sl.u.<url:120,1400>',
    source: 'https://developers.dropbox.com/oauth-guide',
  },
  { id: 'figma-pat', pattern: 'figd_<url:38,60>', source: figma },
  { id: 'figma-oauth', pattern: 'figo_<url:38,60>', source: figma },
  { id: 'figma-refresh', pattern: 'figor_<url:38,60>', source: figma },
  { id: 'figma-user', pattern: 'figu_<url:38,60>', source: figma },
  {
    id: 'typeform-token',
    pattern: 'tfp_<dotted:40,80>',
    source: 'https://www.typeform.com/developers/get-started/personal-access-token/',
  },
  {
    id: 'contentful-management',
    pattern: 'CFPAT-<url:43>',
    source: 'https://www.contentful.com/developers/docs/references/authentication/',
  },
  {
    id: 'frameio-token',
    pattern: 'fio-u-<url:64>',
    source: 'https://developer.frame.io/docs/getting-started/authentication',
  },
  {
    id: 'mapbox-secret',
    pattern: 'sk.eyJ<url:40,200>.<url:20,24>',
    source: 'https://docs.mapbox.com/help/dive-deeper/access-tokens/',
  },
  {
    id: 'mapbox-temporary',
    pattern: 'tk.eyJ<url:40,200>.<url:20,24>',
    source: 'https://docs.mapbox.com/help/dive-deeper/access-tokens/',
  },
  {
    id: 'maxmind-license',
    pattern: '<alnum:6>_<alnum:29>_mmk',
    source: 'https://support.maxmind.com/hc/en-us/articles/4407111582235',
  },
  {
    id: 'rapidapi-key',
    pattern: '<lowernum:10>msh<lowernum:15>p1<lowernum:5>jsn<lowernum:12>',
    source: 'https://docs.rapidapi.com/docs/keys',
  },
  {
    id: 'adobe-secret',
    pattern: 'p8e-<url:32>',
    source: 'https://developer.adobe.com/developer-console/docs/guides/credentials',
  },
  {
    id: 'adobe-secret-new',
    pattern: 'p8es-<url:32,40>',
    source: 'https://developer.adobe.com/developer-console/docs/guides/credentials',
  },
  {
    id: 'zoho-token',
    pattern: '1000.<hex:32>.<hex:32>',
    source: 'https://www.zoho.com/crm/developer/docs/api/v8/access-refresh.html',
  },
  {
    id: 'wix-key',
    pattern: 'IST.eyJ<token:100,2000>',
    source:
      'https://dev.wix.com/docs/api-reference/articles/authentication/api-keys/about-api-keys',
  },
  {
    id: 'stytch-secret',
    pattern: 'secret-live-<base64url:36>',
    source: 'https://stytch.com/docs/api',
  },
  {
    id: 'stytch-test-secret',
    pattern: 'secret-test-<base64url:36>',
    source: 'https://stytch.com/docs/api',
  },
  {
    id: 'okta-token',
    pattern: '00<url:40>',
    source: 'https://developer.okta.com/docs/guides/create-an-api-token/main/',
    mixed: true,
  },
  {
    id: 'nightfall-key',
    pattern: 'NF-<alnum:32>',
    source: 'https://docs.nightfall.ai/docs/quickstart',
  },
  {
    id: 'teamwork-token',
    pattern: 'tkn.v1_<base64:60,100>',
    source: 'https://apidocs.teamwork.com/guides/teamwork/authentication',
  },
]
