import assert from 'node:assert/strict'
import { limits } from '../src/config/limits.ts'
import type { Credential, OauthClient } from '../src/model/secret.ts'
import { openOauthTokens } from '../src/secret/oauth.ts'

// biome-ignore lint/suspicious/noExplicitAny: what comes back is looked at member by member.
type Said = any

/** How a connection gets its tokens, as connections/<id>.yaml says it, and one of them for whoever asks beside it. */
export type OauthPlace = {
  readonly credential: object
  readonly token: () => Promise<Credential>
  /** What has to be in the file that `credential` names. */
  readonly secret: string
}

/**
 * An OAuth client as its operator would set it up: from what the server and its authorization server publish
 * (RFC 9728, RFC 8414), and what the suite registered. `file`: where the secret will be.
 */
export async function oauthAt(url: string, context: Said, file: string): Promise<OauthPlace> {
  const { origin, pathname } = new URL(url)
  const resource = await published(`${origin}/.well-known/oauth-protected-resource${pathname}`)
  const server = String(resource.authorization_servers?.[0])
  const { issuer, token_endpoint: tokenUrl } = await published(
    `${server}/.well-known/oauth-authorization-server`,
  )
  const { client_id: clientId, client_secret: clientSecret, private_key_pem: pem } = context
  const signs = pem !== undefined
  const secret: string = signs ? pem : clientSecret
  const own = { tokenUrl, clientId, resource: resource.resource }
  const client: OauthClient = {
    ...{ kind: 'oauth', secret: { file }, ...own },
    ...(signs ? { authentication: 'private_key_jwt', issuer } : { authentication: 'basic' }),
  }
  const proof = signs ? { clientKey: { file }, issuer } : { clientSecret: { file } }
  const tokens = openOauthTokens({ now: () => performance.now(), limits })
  return {
    credential: { oauth: { ...own, ...proof } },
    secret,
    token: async () => {
      const value = `Bearer ${await tokens.tokenOf(client, secret)}`
      return { kind: 'header', name: 'authorization', value, echoes: [] }
    },
  }
}

async function published(url: string): Promise<Said> {
  const response = await fetch(url)
  assert.equal(response.status, 200, url)
  return response.json()
}
