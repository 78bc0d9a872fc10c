import type { Format } from '../format.ts'

const aws = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html'
const azureDetect = 'https://learn.microsoft.com/en-us/purview/sit-common-annotated-security-keys'
const databricks = 'https://docs.databricks.com/en/dev-tools/auth/pat.html'
const google = 'https://developers.google.com/identity/protocols/oauth2'
const vault = 'https://developer.hashicorp.com/vault/docs/concepts/tokens'
const doppler = 'https://docs.doppler.com/reference/auth-token-formats'
const fly = 'https://fly.io/docs/security/tokens/'
const planetscale = 'https://planetscale.com/docs/api/reference/service-tokens'
const tailscale = 'https://tailscale.com/kb/1277/key-prefixes'
const yandex = 'https://yandex.cloud/en/docs/iam/concepts/authorization/'
const alibaba = 'https://www.alibabacloud.com/help/en/ram/user-guide/create-an-accesskey-pair'
const cloudflare = 'https://developers.cloudflare.com/fundamentals/api/get-started/token-formats/'
const onepassword = 'https://support.1password.com/secret-key-security/'

/** Clouds, hosts, databases, networks and stores of secrets. */
export const cloudFormats: readonly Format[] = [
  { id: 'aws-access-key-id', pattern: 'AKIA<base32:16>', source: aws },
  { id: 'aws-temporary-key-id', pattern: 'ASIA<base32:16>', source: aws },
  { id: 'aws-sts-bearer', pattern: 'ABIA<base32:16>', source: aws },
  { id: 'aws-context-key', pattern: 'ACCA<base32:16>', source: aws },
  {
    id: 'aws-bedrock-key',
    pattern: 'ABSK<base64:100,160>',
    source: 'https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html',
  },
  {
    id: 'aws-bedrock-short-key',
    pattern: 'bedrock-api-key-<base64:60,4096>',
    source: 'https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html',
  },
  {
    id: 'aws-presigned-signature',
    pattern: 'X-Amz-Signature=<hex:64>',
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html',
  },
  {
    id: 'google-presigned-signature',
    pattern: 'X-Goog-Signature=<anyhex:64,1024>',
    source: 'https://cloud.google.com/storage/docs/access-control/signed-urls',
  },
  {
    id: 'aws-mws-token',
    pattern: 'amzn.mws.<uuid:36>',
    source: 'https://docs.developer.amazonservices.com/en_US/dev_guide/DG_Registering.html',
  },
  {
    id: 'amazon-oauth-secret',
    pattern: 'amzn1.oa2-cs.v1.<hex:64>',
    source: 'https://developer.amazon.com/docs/login-with-amazon/register-web.html',
  },
  {
    id: 'gcp-api-key',
    pattern: 'AIza<url:35>',
    source: 'https://cloud.google.com/docs/authentication/api-keys',
    published: true,
  },
  { id: 'google-access-token', pattern: 'ya29.<url:20,2048>', source: google },
  { id: 'google-refresh-token', pattern: '1//0<url:40,512>', source: google },
  { id: 'google-client-secret', pattern: 'GOCSPX-<url:28>', source: google },
  { id: 'google-auth-code', pattern: '4/0A<url:60,160>', source: google },
  {
    id: 'recaptcha-key',
    pattern: '6L<url:6>AAAA<url:28>',
    source: 'https://developers.google.com/recaptcha/docs/verify',
    confidence: 80,
  },
  {
    id: 'firebase-server-key',
    pattern: 'AAAA<url:7>:APA91b<url:130,180>',
    source: 'https://firebase.google.com/docs/cloud-messaging/auth-server',
  },
  {
    id: 'azure-storage-account-key',
    pattern: 'AccountKey=<base64:44,88>',
    source:
      'https://learn.microsoft.com/en-us/azure/storage/common/storage-configure-connection-string',
  },
  {
    id: 'azure-shared-access-key',
    pattern: 'SharedAccessKey=<base64:40,88>',
    source: 'https://learn.microsoft.com/en-us/azure/service-bus-messaging/service-bus-sas',
  },
  {
    id: 'azure-sas-signature',
    pattern: 'sig=<token:43,120>',
    source: 'https://learn.microsoft.com/en-us/rest/api/storageservices/create-service-sas',
  },
  {
    id: 'azure-devops-pat',
    pattern: '<alnum:52>JQQJ99<alnum:18>AZDO<alnum:4>',
    source:
      'https://learn.microsoft.com/en-us/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate',
  },
  { id: 'azure-annotated-storage', pattern: '<base64:76>+ASt<base64:8>', source: azureDetect },
  { id: 'azure-annotated-batch', pattern: '<base64:76>+ABa<base64:8>', source: azureDetect },
  { id: 'azure-annotated-iot', pattern: '<base64:33>AIoT<base64:7>', source: azureDetect },
  {
    id: 'azure-client-secret',
    pattern: '<token:3><digit:1>Q~<token:31,34>',
    source: 'https://learn.microsoft.com/en-us/entra/identity-platform/quickstart-register-app',
  },
  {
    id: 'alibaba-access-key-id',
    pattern: 'LTAI<alnum:12,24>',
    source: alibaba,
  },
  {
    id: 'alibaba-sts-key-id',
    pattern: 'STS.<alnum:20,40>',
    source:
      'https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerole',
    mixed: true,
  },
  {
    id: 'tencent-secret-id',
    pattern: 'AKID<alnum:32>',
    source: 'https://www.tencentcloud.com/document/product/598/34228',
  },
  {
    id: 'volcengine-access-key',
    pattern: 'AKLT<base64:40,60>',
    source: 'https://www.volcengine.com/docs/6291/65568',
  },
  { id: 'yandex-api-key', pattern: 'AQVN<url:35,36>', source: `${yandex}api-key` },
  {
    id: 'yandex-iam-token',
    pattern: 't1.<url:2,200>.<base64url:80,100>',
    source: `${yandex}iam-token`,
  },
  { id: 'yandex-static-key-id', pattern: 'YCAJE<url:20>', source: `${yandex}access-key` },
  { id: 'yandex-static-secret', pattern: 'YCM<url:37>', source: `${yandex}access-key` },
  { id: 'yandex-oauth-token', pattern: 'y0_<url:50,64>', source: `${yandex}oauth-token` },
  {
    id: 'digitalocean-pat',
    pattern: 'dop_v1_<hex:64>',
    source: 'https://docs.digitalocean.com/reference/api/create-personal-access-token/',
  },
  {
    id: 'digitalocean-oauth',
    pattern: 'doo_v1_<hex:64>',
    source: 'https://docs.digitalocean.com/reference/api/oauth/',
  },
  {
    id: 'digitalocean-refresh',
    pattern: 'dor_v1_<hex:64>',
    source: 'https://docs.digitalocean.com/reference/api/oauth/',
  },
  {
    id: 'digitalocean-spaces-key',
    pattern: 'DO00<uppernum:16>',
    source: 'https://docs.digitalocean.com/products/spaces/how-to/manage-access/',
  },
  {
    id: 'scaleway-access-key',
    pattern: 'SCW<uppernum:17>',
    source: 'https://www.scaleway.com/en/docs/iam/how-to/create-api-keys/',
    confidence: 80,
  },
  {
    id: 'heroku-api-key',
    pattern: 'HRKU-<url:36,70>',
    source: 'https://devcenter.heroku.com/articles/oauth',
  },
  { id: 'fly-macaroon-root', pattern: 'fm1r_<base64:60,4096>', source: fly },
  { id: 'fly-macaroon-attenuated', pattern: 'fm1a_<base64:60,4096>', source: fly },
  { id: 'fly-macaroon', pattern: 'fm2_<base64:60,4096>', source: fly },
  { id: 'fly-oauth', pattern: 'fo1_<url:43>', source: fly },
  {
    id: 'vercel-token',
    pattern: 'vcp_<alnum:24,60>',
    source: 'https://vercel.com/docs/rest-api#authentication',
  },
  {
    id: 'vercel-integration',
    pattern: 'vci_<alnum:24,60>',
    source: 'https://vercel.com/docs/integrations/create-integration',
  },
  {
    id: 'vercel-app-access',
    pattern: 'vca_<alnum:24,60>',
    source: 'https://vercel.com/docs/sign-in-with-vercel',
  },
  {
    id: 'vercel-app-refresh',
    pattern: 'vcr_<alnum:24,60>',
    source: 'https://vercel.com/docs/sign-in-with-vercel',
  },
  {
    id: 'vercel-ai-gateway',
    pattern: 'vck_<alnum:24,60>',
    source: 'https://vercel.com/docs/ai-gateway/authentication',
  },
  {
    id: 'vercel-blob',
    pattern: 'vercel_blob_rw_<alnum:16>_<alnum:30,40>',
    source: 'https://vercel.com/docs/vercel-blob',
  },
  {
    id: 'netlify-pat',
    pattern: 'nfp_<alnum:36,40>',
    source: 'https://docs.netlify.com/api/get-started/',
  },
  {
    id: 'netlify-build',
    pattern: 'nfb_<alnum:36,40>',
    source: 'https://docs.netlify.com/api/get-started/',
  },
  {
    id: 'netlify-cli',
    pattern: 'nfc_<alnum:36,40>',
    source: 'https://docs.netlify.com/api/get-started/',
  },
  {
    id: 'netlify-oauth',
    pattern: 'nfo_<alnum:36,40>',
    source: 'https://docs.netlify.com/api/get-started/',
  },
  {
    id: 'netlify-ui',
    pattern: 'nfu_<alnum:36,40>',
    source: 'https://docs.netlify.com/api/get-started/',
  },
  { id: 'render-api-key', pattern: 'rnd_<alnum:24,40>', source: 'https://render.com/docs/api' },
  { id: 'cloudflare-user-token', pattern: 'cfut_<alnum:46,50>', source: cloudflare },
  { id: 'cloudflare-account-token', pattern: 'cfat_<alnum:46,50>', source: cloudflare },
  { id: 'cloudflare-global-key', pattern: 'cfk_<alnum:46,50>', source: cloudflare },
  {
    id: 'cloudflare-origin-ca-key',
    pattern: 'v1.0-<hex:24>-<hex:146>',
    source: 'https://developers.cloudflare.com/fundamentals/api/get-started/ca-keys/',
  },
  {
    id: 'supabase-pat',
    pattern: 'sbp_<hex:40>',
    source: 'https://supabase.com/docs/reference/api/introduction',
  },
  {
    id: 'supabase-secret-key',
    pattern: 'sb_secret_<url:22,48>',
    source: 'https://supabase.com/docs/guides/api/api-keys',
  },
  { id: 'planetscale-token', pattern: 'pscale_tkn_<base64url:32,64>', source: planetscale },
  {
    id: 'planetscale-password',
    pattern: 'pscale_pw_<base64url:32,64>',
    source: 'https://planetscale.com/docs/concepts/connection-strings',
  },
  { id: 'planetscale-oauth', pattern: 'pscale_oauth_<base64url:32,64>', source: planetscale },
  {
    id: 'neon-api-key',
    pattern: 'napi_<lowernum:40,80>',
    source: 'https://neon.com/docs/manage/api-keys',
  },
  {
    id: 'neon-password',
    pattern: 'npg_<alnum:12,24>',
    source: 'https://neon.com/docs/connect/connect-from-any-app',
    mixed: true,
  },
  { id: 'databricks-pat', pattern: 'dapi<hex:32>', source: databricks },
  {
    id: 'databricks-oauth-secret',
    pattern: 'dose<hex:32>',
    source: 'https://docs.databricks.com/en/dev-tools/auth/oauth-m2m.html',
  },
  {
    id: 'mongodb-atlas-secret',
    pattern: 'mdb_sa_sk_<url:36,48>',
    source: 'https://www.mongodb.com/docs/atlas/api/service-accounts-overview/',
  },
  {
    id: 'aiven-password',
    pattern: 'AVNS_<url:16,24>',
    source: 'https://aiven.io/docs/platform/concepts/service-users',
  },
  {
    id: 'cockroach-secret',
    pattern: 'CCDB1_<alnum:22>_<alnum:40>',
    source: 'https://www.cockroachlabs.com/docs/cockroachcloud/managing-access',
  },
  {
    id: 'tinybird-token',
    pattern: 'p.eyJ<url:20,200>.<url:20,64>',
    source: 'https://www.tinybird.co/docs/forward/administration/tokens',
  },
  {
    id: 'fauna-secret',
    pattern: 'fnA<url:37,60>',
    source: 'https://docs.fauna.com/fauna/current/learn/security/keys/',
    mixed: true,
  },
  {
    id: 'xata-key',
    pattern: 'xau_<alnum:32,48>',
    source: 'https://xata.io/docs/concepts/api-keys',
  },
  {
    id: 'confluent-secret',
    pattern: 'cflt<base64:60>',
    source:
      'https://docs.confluent.io/cloud/current/security/authenticate/workload-identities/service-accounts/api-keys/overview.html',
  },
  {
    id: 'elastic-serverless-key',
    pattern: 'essu_<base64:40,160>',
    source: 'https://www.elastic.co/guide/en/cloud/current/ec-api-authentication.html',
  },
  {
    id: 'terraform-token',
    pattern: '<alnum:14>.atlasv1.<base64url:60,70>',
    source:
      'https://developer.hashicorp.com/terraform/cloud-docs/users-teams-organizations/api-tokens',
  },
  { id: 'vault-service-token', pattern: 'hvs.<url:24,400>', source: vault },
  { id: 'vault-batch-token', pattern: 'hvb.<url:100,400>', source: vault },
  { id: 'vault-recovery-token', pattern: 'hvr.<url:24,400>', source: vault },
  { id: 'vault-legacy-service', pattern: 's.<alnum:24>', source: vault, mixed: true },
  { id: 'vault-legacy-batch', pattern: 'b.AAAAA<url:80,400>', source: vault },
  { id: 'vault-legacy-recovery', pattern: 'r.<alnum:24>', source: vault, mixed: true },
  {
    id: 'pulumi-token',
    pattern: 'pul-<hex:40>',
    source: 'https://www.pulumi.com/docs/administration/access-identity/access-tokens/',
  },
  { id: 'doppler-personal', pattern: 'dp.pt.<alnum:40,44>', source: doppler },
  { id: 'doppler-cli', pattern: 'dp.ct.<alnum:40,44>', source: doppler },
  { id: 'doppler-service', pattern: 'dp.st.<dotted:40,90>', source: doppler },
  { id: 'doppler-service-account', pattern: 'dp.sa.<alnum:40,44>', source: doppler },
  { id: 'doppler-scim', pattern: 'dp.scim.<alnum:40,44>', source: doppler },
  { id: 'doppler-audit', pattern: 'dp.audit.<alnum:40,44>', source: doppler },
  {
    id: 'infisical-service-token',
    pattern: 'st.<uuid:24,36>.<hex:32,64>.<hex:32>',
    source: 'https://infisical.com/docs/documentation/platform/token',
  },
  {
    id: 'onepassword-service-account',
    pattern: 'ops_eyJ<base64url:200,2000>',
    source: 'https://developer.1password.com/docs/service-accounts/security/',
  },
  {
    id: 'onepassword-secret-key',
    pattern: 'A3-<uppernum:6>-<uppernum:11>-<uppernum:5>-<uppernum:5>-<uppernum:5>',
    source: onepassword,
  },
  {
    id: 'onepassword-secret-key-legacy',
    pattern: 'A3-<uppernum:6>-<uppernum:6>-<uppernum:5>-<uppernum:5>-<uppernum:5>-<uppernum:5>',
    source: onepassword,
  },
  {
    id: 'bitwarden-access-token',
    pattern: '0.<uuid:36>.<alnum:30>:<base64:22,24>',
    source: 'https://bitwarden.com/help/access-tokens/',
  },
  {
    id: 'openshift-token',
    pattern: 'sha256~<url:43>',
    source:
      'https://docs.openshift.com/container-platform/latest/authentication/understanding-authentication.html',
  },
  {
    id: 'tailscale-key',
    pattern: 'tskey-<lower:3,10>-<alnum:6,30>-<alnum:4,60>',
    source: tailscale,
  },
  { id: 'tailscale-key-short', pattern: 'tskey-<alnum:16,40>', source: tailscale },
  {
    id: 'jumpcloud-key',
    pattern: 'jca_<alnum:36>',
    source: 'https://jumpcloud.com/support/jumpcloud-apis1',
  },
  {
    id: 'akamai-client-token',
    pattern: 'akab-<lowernum:16>-<lowernum:16>',
    source: 'https://techdocs.akamai.com/developer/docs/edgegrid',
  },
  {
    id: 'scalingo-token',
    pattern: 'tk-us-<url:48>',
    source: 'https://developers.scalingo.com/#authentication',
  },
  {
    id: 'age-secret-key',
    pattern: 'AGE-SECRET-KEY-1<uppernum:58>',
    source: 'https://github.com/C2SP/C2SP/blob/main/age.md',
  },
]
