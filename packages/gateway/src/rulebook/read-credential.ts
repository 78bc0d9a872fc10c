import { z } from 'zod'
import { allowedScheme } from '../config/allowed-scheme.ts'
import type { CredentialUse } from '../model/secret.ts'
import type { Flaw } from './flaw.ts'

export type SecretForm = { readonly env: string } | { readonly file: string }

export type CredentialForm =
  | 'none'
  | { readonly bearer: SecretForm }
  | { readonly basic: { readonly username: string; readonly password: SecretForm } }
  | { readonly header: { readonly name: string; readonly value: SecretForm } }
  | { readonly query: { readonly name: string; readonly value: SecretForm } }
  | { readonly oauth: OauthForm }

type OauthForm = {
  readonly tokenUrl: string
  readonly clientId: string
  readonly scope?: string | undefined
  readonly resource?: string | undefined
} & (
  | {
      readonly clientSecret: SecretForm
      readonly authentication?: 'basic' | 'post' | undefined
    }
  | { readonly clientKey: SecretForm; readonly issuer: string }
)

/** What is written is what is used; what a form alone cannot say is in `oauthFlaws`. */
export function readCredential(form: CredentialForm): CredentialUse {
  if (form === 'none') return { kind: 'none' }
  if ('bearer' in form) return { kind: 'bearer', secret: form.bearer }
  if ('basic' in form) {
    return { kind: 'basic', username: form.basic.username, secret: form.basic.password }
  }
  if ('header' in form) return { kind: 'header', name: form.header.name, secret: form.header.value }
  if ('query' in form) return { kind: 'query', name: form.query.name, secret: form.query.value }
  const { tokenUrl, clientId, scope, resource } = form.oauth
  const proof =
    'clientKey' in form.oauth
      ? {
          ...{ secret: form.oauth.clientKey, issuer: form.oauth.issuer },
          authentication: 'private_key_jwt' as const,
        }
      : {
          secret: form.oauth.clientSecret,
          authentication: form.oauth.authentication ?? 'basic',
        }
  return {
    ...{ kind: 'oauth', tokenUrl, clientId, ...proof },
    ...(scope !== undefined && { scope }),
    ...(resource !== undefined && { resource }),
  }
}

/** What is wrong with the addresses in a credential, of connections of every protocol. */
export function oauthFlaws(credential: CredentialUse): readonly Flaw[] {
  if (credential.kind !== 'oauth') return []
  const { tokenUrl, resource } = credential
  const flaws: Flaw[] = []
  const flaw = (key: string, message: string, hint: string) => {
    flaws.push({ path: ['credential', 'oauth', key], message, hint })
  }
  // The client's secret is sent there (RFC 6749 section 3.2).
  if (!allowedScheme(tokenUrl, true) || tokenUrl.includes('#')) {
    const message = 'A token endpoint is an https URL; http is for loopback hosts.'
    flaw('tokenUrl', message, 'Write https://idp.example/oauth2/token.')
  }
  if (resource !== undefined && (!URL.canParse(resource) || resource.includes('#'))) {
    const message = 'A resource is an absolute URI without a fragment.'
    flaw('resource', message, 'Write https://mcp.example/mcp.')
  }
  return flaws
}

export const headerName: z.ZodType<string> = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'is not a header name')

/** The forms of a secret, each by itself. */
export const secretForms: readonly [z.ZodType<SecretForm>, z.ZodType<SecretForm>] = [
  z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/) }),
  z.strictObject({ file: z.string().min(1).max(1024) }),
]
export const secretForm: z.ZodType<SecretForm> = z
  .union(secretForms)
  .describe('Where the secret is kept: `env: NAME` or `file: /path`. Never the secret itself.')

/** RFC 6749 section 3.3. */
const scopes = z
  .string()
  .max(1024)
  .regex(
    /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/,
    'is scopes, separated by single spaces',
  )

const client = {
  tokenUrl: z.string().max(2048).describe('The token endpoint of the authorization server.'),
  clientId: z.string().regex(/^[\x20-\x7e]{1,256}$/, 'is printable ASCII'),
  scope: scopes.optional().describe('What the tokens are to allow; separated by spaces.'),
  resource: z.string().max(2048).optional().describe('What they are for (RFC 8707): a URI.'),
}

const oauth: z.ZodType<OauthForm> = z.union([
  z.strictObject({
    ...client,
    clientSecret: secretForm,
    authentication: z
      .enum(['basic', 'post'])
      .optional()
      .describe('How the client proves itself: HTTP Basic, or in the form; `basic` when absent.'),
  }),
  z.strictObject({
    ...client,
    clientKey: secretForm.describe(
      'The private key that the client signs with (`private_key_jwt`), as PEM.',
    ),
    issuer: z
      .string()
      .min(1)
      .max(2048)
      .describe('The authorization server by its identifier: `issuer` in its metadata.'),
  }),
])

export const credentialForm: z.ZodType<CredentialForm> = z
  .union([
    z.literal('none'),
    z.strictObject({ bearer: secretForm }),
    z.strictObject({
      basic: z.strictObject({
        username: z.string().regex(/^[^:\p{Cc}]{1,256}$/u, 'may not hold a colon'),
        password: secretForm,
      }),
    }),
    z.strictObject({ header: z.strictObject({ name: headerName, value: secretForm }) }),
    z.strictObject({
      query: z.strictObject({ name: z.string().min(1).max(128), value: secretForm }),
    }),
    z.strictObject({ oauth }),
  ])
  .describe('How the gateway proves itself to the upstream. `none` is said, never assumed.')
