import type { Format } from '../format.ts'

const grafana = 'https://grafana.com/docs/grafana/latest/administration/service-accounts/'
const sentry = 'https://docs.sentry.io/account/auth-tokens/'
const newrelic = 'https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/'
const dynatrace =
  'https://docs.dynatrace.com/docs/manage/identity-access-management/access-tokens-and-oauth-clients/access-tokens'
const honeycomb = 'https://docs.honeycomb.io/configure/environments/manage-api-keys/'
const axiom = 'https://axiom.co/docs/reference/tokens'
const posthog = 'https://posthog.com/docs/api'
const coralogix = 'https://coralogix.com/docs/user-guides/account-management/api-keys/api-keys/'

/** Metrics, logs, errors and analytics. */
export const observabilityFormats: readonly Format[] = [
  {
    id: 'grafana-cloud-token',
    pattern: 'glc_<base64:32,400>',
    source:
      'https://grafana.com/docs/grafana-cloud/security-and-account-management/authentication-and-permissions/access-policies/',
  },
  { id: 'grafana-service-account', pattern: 'glsa_<alnum:32>_<anyhex:8>', source: grafana },
  {
    id: 'grafana-api-key',
    pattern: 'eyJrIjoi<base64url:60,120>',
    source: 'https://grafana.com/docs/grafana/latest/developers/http_api/auth/',
  },
  { id: 'sentry-org-token', pattern: 'sntrys_<base64:80,240>_<base64:43>', source: sentry },
  { id: 'sentry-user-token', pattern: 'sntryu_<hex:64>', source: sentry },
  { id: 'sentry-app-token', pattern: 'sntrya_<hex:64>', source: sentry },
  { id: 'newrelic-user-key', pattern: 'NRAK-<uppernum:27>', source: newrelic },
  { id: 'newrelic-insert-key', pattern: 'NRII-<url:32>', source: newrelic },
  { id: 'newrelic-query-key', pattern: 'NRIQ-<url:32>', source: newrelic },
  { id: 'newrelic-browser-key', pattern: 'NRJS-<hex:19>', source: newrelic },
  { id: 'newrelic-admin-key', pattern: 'NRAA-<hex:27>', source: newrelic },
  { id: 'newrelic-rest-key', pattern: 'NRRA-<hex:42>', source: newrelic },
  { id: 'newrelic-license', pattern: '<alnum:36>NRAL', source: newrelic },
  {
    id: 'dynatrace-token',
    pattern: 'dt0<lower:1><digit:2>.<uppernum:8,24>.<uppernum:64>',
    source: dynatrace,
  },
  { id: 'honeycomb-ingest-regional', pattern: 'hc<lower:1>ik_<lowernum:58>', source: honeycomb },
  { id: 'honeycomb-ingest-classic', pattern: 'hc<lower:1>ic_<lowernum:58>', source: honeycomb },
  { id: 'honeycomb-configuration', pattern: 'hc<lower:1>lk_<lowernum:58>', source: honeycomb },
  { id: 'honeycomb-management', pattern: 'hc<lower:1>mk_<lowernum:58>', source: honeycomb },
  { id: 'axiom-api-token', pattern: 'xaat-<uuid:36>', source: axiom },
  { id: 'axiom-personal-token', pattern: 'xapt-<uuid:36>', source: axiom },
  { id: 'posthog-personal-key', pattern: 'phx_<alnum:40,60>', source: posthog },
  { id: 'posthog-secret-key', pattern: 'phs_<alnum:40,60>', source: posthog },
  { id: 'coralogix-personal', pattern: 'cxup_<alnum:30>', source: coralogix },
  { id: 'coralogix-team', pattern: 'cxtp_<alnum:30>', source: coralogix },
  {
    id: 'logfire-token',
    pattern: 'pylf_v<digit:1>_<lower:2>_<alnum:40,50>',
    source: 'https://pydantic.dev/docs/logfire/how-to-guides/create-write-tokens/',
  },
  {
    id: 'segment-public-api',
    pattern: 'sgp_<alnum:64>',
    source: 'https://segment.com/docs/api/public-api/',
  },
  {
    id: 'ubidots-token',
    pattern: 'BBFF-<alnum:30>',
    source: 'https://docs.ubidots.com/reference/authentication',
  },
  {
    id: 'ubidots-default-token',
    pattern: 'BBUS-<alnum:30>',
    source: 'https://docs.ubidots.com/reference/authentication',
  },
]
