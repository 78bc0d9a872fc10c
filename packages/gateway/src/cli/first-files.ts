/** What `init` asks. */
export type FirstAnswers = {
  readonly upstream: string
  readonly issuer: { readonly url: string; readonly audience: string } | undefined
  /** For calls; the admin API has the next one. */
  readonly port: number
  readonly operators: readonly {
    readonly name: string
    readonly groups: readonly string[]
    readonly keyHash: string
  }[]
}

/** The files of a first gateway, by path: small, whole, and passed by `sallyport check`. */
export function firstFiles(answers: FirstAnswers): Readonly<Record<string, string>> {
  return {
    'gateway.yaml': gatewayYaml(answers),
    'rulebook/connections/api.yaml': connectionYaml(answers),
    'rulebook/functions/api.yaml': functionsYaml,
    'rulebook/policies/api.cedar': policiesCedar,
    'rulebook/masking.yaml': maskingYaml,
    'rulebook/approvals.yaml': approvalsYaml,
    'rulebook/tests/api.yaml': testsYaml,
  }
}

/** JSON strings are YAML strings, whatever stands in them. */
const quoted = (text: string) => JSON.stringify(text)

function gatewayYaml({ port, issuer, operators }: FirstAnswers): string {
  return `# Read once, at start. Everything that may change while the gateway runs is in the rulebook.

# Where callers reach the gateway. Reach beyond this machine only with tls:
#   tls: { cert: gateway.crt, key: gateway.key }
listen:
  host: 127.0.0.1
  port: ${port}

# Where people and \`sallyport\` reach the admin API.
admin:
  host: 127.0.0.1
  port: ${port + 1}

# The embedded store and the key file. Back up both, apart from each other.
home: ./.sallyport

rulebook: ./rulebook

${issuerYaml(issuer)}
# People who sign in to the admin API with a key. Only the key's hash is here. The groups \`admin\` and
# \`auditor\` are roles; every other group is what policies say: here, \`approvers\` decide held calls.
operators:
${operators.map(operatorYaml).join('')}
# Who is told of what waits for people, by the names that rulebook/approvals.yaml uses under \`notify\`.
# notify:
#   channels:
#     ops:
#       webhook: { url: https://hooks.example.com/sallyport, secret: { env: OPS_HOOK_SECRET } }
`
}

function issuerYaml(issuer: FirstAnswers['issuer']): string {
  if (!issuer) {
    return `# Whose tokens are accepted. Without an issuer, callers use API keys (\`sallyport keys create\`).
# issuers:
#   - name: corp
#     issuer: https://login.example.com
#     audiences: [sallyport]
#     defaultKind: user
#     groups: { claim: groups }
`
  }
  const plain = issuer.url.startsWith('http:') ? '    insecureHttp: true\n' : ''
  return `# Whose tokens are accepted, and what their claims mean.
issuers:
  - name: corp
    issuer: ${quoted(issuer.url)}
${plain}    audiences: [${quoted(issuer.audience)}]
    # Tokens for this audience sign people in to the admin API:
    # adminAudiences: [sallyport-admin]
    defaultKind: user
    groups: { claim: groups }
`
}

function operatorYaml({ name, groups, keyHash }: FirstAnswers['operators'][number]): string {
  return `  - name: ${quoted(name)}
    groups: [${groups.map(quoted).join(', ')}]
    keyHash: ${keyHash}
`
}

function connectionYaml({ upstream }: FirstAnswers): string {
  return `# One way to one upstream. Callers reach its functions below /api.
id: api
protocol: http
upstream: ${quoted(upstream)}
prefix: /api
# How the gateway proves itself to the upstream; callers never see it. One of:
#   none
#   bearer: { env: API_TOKEN }
#   header: { name: X-Api-Key, value: { env: API_KEY } }
#   basic: { username: gateway, password: { env: API_PASSWORD } }
credential: none
timeout: 30s
`
}

const functionsYaml = `# What may be called. Import many at once: sallyport functions import openapi <file> --connection api …
connection: api
functions:
  - name: item.get
    purpose: Look up one item
    owner: team-api
    sensitivity: confidential
    risk: low
    http: GET /items/{id}
    arguments:
      id: { type: string, maxLength: 64 }
    # What of the result is hidden from the caller. \`mask: none\` where that is nothing.
    mask:
      - { path: $..email, partial: { first: 1, last: 4 } }
      - { path: $..phone, redact: PHONE }

  - name: item.delete
    purpose: Delete one item for good
    owner: team-api
    sensitivity: internal
    risk: high
    http: DELETE /items/{id}
    arguments:
      id: { type: string, maxLength: 64 }
    mask: none
`

const policiesCedar = `// What no grant permits is refused. A call by an agent for a person needs a grant for each of them.

@id("team-uses-items")
@owner("team-api")
@reason("The team and its agents work with items")
@review("90d")
permit (
  principal in Group::"team",
  action in [Action::"api.item.get", Action::"api.item.delete"],
  resource
);

@id("deletion-needs-approval")
@reason("An item that was deleted is gone: a person decides")
@approval("approvers")
forbid (
  principal,
  action == Action::"api.item.delete",
  resource
)
unless {
  context has approval && context.approval.groups.contains("approvers")
};
`

const maskingYaml = `# What these functions never return in clear, whatever they say themselves. Paths are for JSON: of functions of MCP
# servers, they hide every text that is none. For values in any text, see \`detect\`: docs/guides/masking.md
rules:
  - functions: ['api.*']
    mask:
      - { id: no-passwords, path: $..password, redact: PASSWORD }
      - { id: no-tokens, path: $..token, redact: TOKEN }
`

const approvalsYaml = `# How a group that policies name decides. Without a word here one person of it is enough, for exactly one call.
# flows:
#   approvers:
#     # One step after the other. A person counts once, and never for a call of their own.
#     steps:
#       - { groups: [approvers], quorum: 2 }
#     # Least characters of the reason of a yes; a no always needs one.
#     reason: 10
#     # What callers may ask for: \`call\` is exactly one, \`window\` so many for a time.
#     offers: [call, window]
#     uses: 10
#     for: 30m
#
# # Exactly these people are in the group, whatever a token says.
# groups:
#   approvers: ['operator:dana', 'operator:sam']
`

const testsYaml = `# What policy has to say. \`sallyport policy test\` runs these, and so does every \`apply\`.
- name: the team reads items
  as: { user: 'corp:sam', groups: [team] }
  call: api.item.get
  args: { id: '1' }
  expect: allow

- name: an agent of the team reads items for a person of the team
  as: { user: 'corp:sam', groups: [team] }
  actor: { agent: 'corp:bot', groups: [team] }
  call: api.item.get
  args: { id: '1' }
  expect: allow

- name: an agent does not read for a person who may not
  as: { user: 'corp:eve' }
  actor: { agent: 'corp:bot', groups: [team] }
  call: api.item.get
  args: { id: '1' }
  expect: deny

- name: deletion waits for a person
  as: { user: 'corp:sam', groups: [team] }
  call: api.item.delete
  args: { id: '1' }
  expect: hold
  by: [deletion-needs-approval]
  groups: [approvers]

- name: deletion is done once approved
  as: { user: 'corp:sam', groups: [team] }
  call: api.item.delete
  args: { id: '1' }
  approvedBy: [approvers]
  expect: allow
`
