import type { Format } from '../format.ts'

const slack = 'https://docs.slack.dev/authentication/tokens'
const slackHooks = 'https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks'
const discord = 'https://discord.com/developers/docs/reference#authentication'
const discordHooks = 'https://discord.com/developers/docs/resources/webhook'
const telegram = 'https://core.telegram.org/bots/api#authorizing-your-bot'
const twilio = 'https://www.twilio.com/docs/iam/api-keys'
const meta = 'https://developers.facebook.com/docs/facebook-login/guides/access-tokens/'
const teams =
  'https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook'

/** Chat, mail, telephony and social networks; URLs that are themselves a credential. */
export const chatFormats: readonly Format[] = [
  { id: 'slack-bot', pattern: 'xoxb-<alnum:9,14>-<url:10,80>', source: slack },
  { id: 'slack-user', pattern: 'xoxp-<digit:9,14>-<url:20,120>', source: slack },
  { id: 'slack-workspace', pattern: 'xoxa-<url:20,160>', source: slack },
  { id: 'slack-refresh', pattern: 'xoxr-<url:20,160>', source: slack },
  { id: 'slack-legacy', pattern: 'xoxs-<url:20,160>', source: slack },
  { id: 'slack-legacy-other', pattern: 'xoxo-<url:20,160>', source: slack },
  { id: 'slack-client', pattern: 'xoxc-<url:20,160>', source: slack },
  { id: 'slack-cookie', pattern: 'xoxd-<token:20,400>', source: slack },
  {
    id: 'slack-config-refresh',
    pattern: 'xoxe-<digit:1>-<url:30,300>',
    source: 'https://docs.slack.dev/authentication/rotating-and-refreshing-tokens',
  },
  {
    id: 'slack-config-access',
    pattern: 'xoxe.xox<lower:1>-<digit:1>-<url:30,300>',
    source: 'https://docs.slack.dev/authentication/using-token-rotation',
  },
  {
    id: 'slack-app',
    pattern: 'xapp-<digit:1>-<uppernum:9,13>-<digit:9,14>-<alnum:40,70>',
    source: slack,
  },
  { id: 'slack-workflow', pattern: 'xwfp-<url:20,160>', source: slack },
  { id: 'slack-webhook', pattern: 'hooks.slack.com/services/<token:40,60>', source: slackHooks },
  {
    id: 'slack-workflow-webhook',
    pattern: 'hooks.slack.com/workflows/<token:40,90>',
    source: slackHooks,
  },
  { id: 'slack-trigger', pattern: 'hooks.slack.com/triggers/<token:30,90>', source: slackHooks },
  { id: 'discord-bot', pattern: '<word:24>.<url:6>.<url:27,40>', source: discord, mixed: true },
  { id: 'discord-bot-long', pattern: '<word:26>.<url:6>.<url:38>', source: discord, mixed: true },
  { id: 'discord-user-mfa', pattern: 'mfa.<url:80,100>', source: discord },
  {
    id: 'discord-webhook',
    pattern: 'discord.com/api/webhooks/<digit:17,20>/<url:60,80>',
    source: discordHooks,
  },
  {
    id: 'discord-webhook-old',
    pattern: 'discordapp.com/api/webhooks/<digit:17,20>/<url:60,80>',
    source: discordHooks,
  },
  { id: 'telegram-bot', pattern: '<digit:10>:AA<url:32,34>', source: telegram },
  { id: 'telegram-bot-9', pattern: '<digit:9>:AA<url:32,34>', source: telegram },
  { id: 'telegram-bot-8', pattern: '<digit:8>:AA<url:32,34>', source: telegram },
  { id: 'telegram-bot-url', pattern: 'bot<digit:8,10>:AA<url:32,34>', source: telegram },
  {
    id: 'teams-webhook',
    pattern: 'webhook.office.com/webhookb2/<uuid:36>@<uuid:36>/IncomingWebhook/<token:32,120>',
    source: teams,
  },
  {
    id: 'teams-webhook-old',
    pattern: 'outlook.office.com/webhook/<uuid:36>@<uuid:36>/<alnum:3,30>/<token:32,120>',
    source: teams,
  },
  {
    id: 'google-chat-webhook',
    pattern: 'chat.googleapis.com/v1/spaces/<url:8,16>/messages?key=<token:60,120>',
    source: 'https://developers.google.com/workspace/chat/quickstart/webhooks',
  },
  {
    id: 'feishu-webhook',
    pattern: 'open.feishu.cn/open-apis/bot/v2/hook/<uuid:36>',
    source: 'https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot',
  },
  {
    id: 'lark-webhook',
    pattern: 'open.larksuite.com/open-apis/bot/v2/hook/<uuid:36>',
    source: 'https://open.larksuite.com/document/client-docs/bot-v3/add-custom-bot',
  },
  {
    id: 'dingtalk-webhook',
    pattern: 'oapi.dingtalk.com/robot/send?access_token=<hex:64>',
    source: 'https://open.dingtalk.com/document/robots/custom-robot-access',
  },
  {
    id: 'wecom-webhook',
    pattern: 'qyapi.weixin.qq.com/cgi-bin/webhook/send?key=<uuid:36>',
    source: 'https://developer.work.weixin.qq.com/document/path/91770',
  },
  {
    id: 'tines-webhook',
    pattern: 'tines.com/webhook/<alnum:24,40>/<alnum:24,40>',
    source: 'https://www.tines.com/docs/actions/types/webhook/',
  },
  {
    id: 'zapier-webhook',
    pattern: 'hooks.zapier.com/hooks/catch/<token:10,60>',
    source: 'https://help.zapier.com/hc/en-us/articles/8496288690317',
  },
  {
    id: 'ifttt-webhook',
    pattern: 'maker.ifttt.com/trigger/<word:1,60>/with/key/<url:20,60>',
    source: 'https://help.ifttt.com/hc/en-us/articles/115010230347',
  },
  {
    id: 'viber-token',
    pattern: '<hex:16>-<hex:16>-<hex:16>',
    source: 'https://developers.viber.com/docs/api/rest-bot-api/',
  },
  { id: 'twilio-api-key', pattern: 'SK<hex:32>', source: twilio },
  {
    id: 'sendgrid-key',
    pattern: 'SG.<url:22>.<url:43>',
    source: 'https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys',
  },
  {
    id: 'mailgun-key',
    pattern: 'key-<hex:32>',
    source: 'https://documentation.mailgun.com/docs/mailgun/api-reference/authentication/',
  },
  {
    id: 'mailgun-signing-key',
    pattern: '<hex:32>-<hex:8>-<hex:8>',
    source: 'https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks',
  },
  {
    id: 'mailchimp-key',
    pattern: '<hex:32>-us<digit:1,2>',
    source: 'https://mailchimp.com/developer/marketing/guides/quick-start/',
  },
  {
    id: 'mandrill-key',
    pattern: 'md-<url:22>',
    source: 'https://mailchimp.com/developer/transactional/guides/quick-start/',
    mixed: true,
  },
  {
    id: 'brevo-key',
    pattern: 'xkeysib-<hex:64>-<alnum:16>',
    source: 'https://developers.brevo.com/docs/getting-started',
  },
  {
    id: 'brevo-smtp-key',
    pattern: 'xsmtpsib-<hex:64>-<alnum:16>',
    source: 'https://developers.brevo.com/docs/smtp-integration',
  },
  {
    id: 'resend-key',
    pattern: 're_<alnum:8>_<alnum:20,30>',
    source: 'https://resend.com/docs/dashboard/api-keys/introduction',
  },
  {
    id: 'mailersend-token',
    pattern: 'mlsn.<hex:64>',
    source: 'https://developers.mailersend.com/general.html#authentication',
  },
  {
    id: 'knock-key',
    pattern: 'sk_<url:40,48>',
    source: 'https://docs.knock.app/developer-tools/api-keys',
    mixed: true,
    confidence: 85,
  },
  {
    id: 'courier-key',
    pattern: 'pk_prod_<uppernum:28>',
    source: 'https://www.courier.com/docs/reference/auth/intro/',
  },
  {
    id: 'courier-test-key',
    pattern: 'pk_test_<uppernum:28>',
    source: 'https://www.courier.com/docs/reference/auth/intro/',
  },
  { id: 'meta-access-token', pattern: 'EAA<alnum:60,512>', source: meta, mixed: true },
  {
    id: 'instagram-token',
    pattern: 'IGQV<alnum:60,400>',
    source: 'https://developers.facebook.com/docs/instagram-platform/',
  },
  {
    id: 'instagram-login-token',
    pattern: 'IGAA<alnum:60,400>',
    source: 'https://developers.facebook.com/docs/instagram-platform/',
  },
  {
    id: 'threads-token',
    pattern: 'THAA<alnum:60,400>',
    source: 'https://developers.facebook.com/docs/threads/get-started/',
  },
  {
    id: 'twitter-bearer',
    pattern: 'AAAAAAAAAAAAAAAAAAAA<token:80,120>',
    source: 'https://docs.x.com/fundamentals/authentication/oauth-2-0/bearer-tokens',
  },
  {
    id: 'linkedin-secret',
    pattern: 'WPL_AP1.<alnum:16>.<base64:8>',
    source: 'https://learn.microsoft.com/en-us/linkedin/shared/authentication/authentication',
  },
  {
    id: 'linkedin-secret-old',
    pattern: 'WPL_AP0.<alnum:16>.<base64:8>',
    source: 'https://learn.microsoft.com/en-us/linkedin/shared/authentication/authentication',
  },
  {
    id: 'intercom-token',
    pattern: 'dG9rO<base64:50,60>',
    source: 'https://developers.intercom.com/docs/build-an-integration/learn-more/authentication',
  },
]
