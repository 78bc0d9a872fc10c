/** Failures that are known, by run: `<scenario>` or `<scenario>:<check>` → why. The list only shrinks. */
export const expectedFailures: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'server 2026-07-28, upstream new': tasks(),
  'server 2026-07-28, upstream old': {
    ...tasks(),
    'input-required-result-basic-elicitation:sep-2322-elicitation-incomplete':
      'A server of the revisions before gives its questions no names; the gateway does.',
    'input-required-result-multiple-input-requests:sep-2322-multiple-inputs-incomplete':
      'A server of the revisions before asks one thing, waits, and asks the next.',
    ...Object.fromEntries(
      ['server-rejects-undeclared-capability', 'missing-capability-http-400'].map((check) => [
        `server-stateless:sep-2575-${check}`,
        'Of the revision itself: a server of the revisions before has no such error to give.',
      ]),
    ),
  },
}

/** Scenarios of a client that are not run → why. */
export const notRun: Readonly<Record<string, string>> = {
  ...because(
    'A person signs in with a browser (authorization code). The gateway gets tokens for itself only.',
    [
      ...['metadata-default', 'metadata-var1', 'metadata-var2', 'metadata-var3', 'basic-cimd'],
      ...['scope-from-www-authenticate', 'scope-from-scopes-supported', 'scope-step-up'],
      ...['scope-omitted-when-undefined', 'scope-retry-limit', 'token-endpoint-auth-basic'],
      ...['token-endpoint-auth-post', 'token-endpoint-auth-none', 'pre-registration'],
      ...['2025-03-26-oauth-metadata-backcompat', '2025-03-26-oauth-endpoint-fallback'],
      ...['resource-mismatch', 'offline-access-scope', 'offline-access-not-supported'],
      ...['authorization-server-migration', 'iss-supported', 'iss-not-advertised'],
      ...['iss-supported-missing', 'iss-wrong-issuer', 'iss-unexpected', 'iss-normalized'],
      ...['metadata-issuer-mismatch', 'dpop', 'dpop-nonce'],
    ].map((name) => `auth/${name}`),
  ),
  ...because(
    'Trades a person’s or a workload’s token for another; the gateway has none to trade.',
    ['auth/enterprise-managed-authorization', 'auth/wif-jwt-bearer'],
  ),
  ...because('Skills of a server (SEP-2640) are an extension that the gateway does not offer.', [
    'sep-2640-client-no-prefetch',
    'sep-2640-client-verify-digest',
    'sep-2640-client-verify-size',
    'sep-2640-client-verify-frontmatter',
  ]),
}

function because(why: string, scenarios: readonly string[]): Record<string, string> {
  return Object.fromEntries(scenarios.map((scenario) => [scenario, why]))
}

/** An extension, which the suite does not score. */
function tasks(): Record<string, string> {
  const why =
    'Wants tools that become tasks of themselves; a task of the gateway is a call that people have to approve.'
  const scenarios = [
    ...['capability-negotiation', 'dispatch-and-envelope', 'lifecycle', 'mrtr-composition'],
    ...['mrtr-input', 'request-headers', 'request-state-removal', 'required-task-error'],
    'wire-fields',
  ]
  return Object.fromEntries(scenarios.map((scenario) => [`tasks-${scenario}`, why]))
}
