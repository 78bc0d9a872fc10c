/** The part of oidc-provider (which has no types of its own) that the test identity provider uses. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  type Client = { readonly clientId: string }

  export type Context = {
    body: unknown
    readonly oidc: {
      readonly client: Client
      readonly params: Readonly<Record<string, string | undefined>>
    }
  }

  class AccessToken {
    constructor(options: { readonly client: Client; readonly accountId: string })
    resourceServer: ResourceServer
    readonly expiration: number
    save(): Promise<string>
  }

  class ResourceServer {
    constructor(
      identifier: string,
      options: {
        readonly audience: string
        readonly scope: string
        readonly accessTokenTTL: number
        readonly accessTokenFormat: 'jwt'
        readonly jwt: { readonly sign: { readonly alg: string } }
      },
    )
  }

  export class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>)
    readonly AccessToken: typeof AccessToken
    readonly ResourceServer: typeof ResourceServer
    registerGrantType(
      name: string,
      handler: (context: Context) => Promise<void>,
      parameters: readonly string[],
    ): void
    callback(): (request: IncomingMessage, response: ServerResponse) => void
  }
}
