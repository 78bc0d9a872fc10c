import type { Refusal } from '../../../call/refusal.ts'
import { metadataSegments } from '../../../model/connection.ts'
import type { JsonObject } from '../../../model/json.ts'

/** What callers have to be authorized for. */
export type ProtectedResource = {
  /** The URL of `/mcp` as callers know it; undefined: it was not said, and nothing can be told of it. */
  readonly resource: string | undefined
  readonly scopes: readonly string[]
  /** Issuers of the tokens that count. */
  readonly authorizationServers: readonly string[]
}

/** RFC 8707: what a token has to be meant for at one endpoint; undefined: its issuer's own audiences count. */
export function audienceOf(
  { resource }: ProtectedResource,
  endpoint: string,
): readonly string[] | undefined {
  if (resource === undefined) return undefined
  return endpoint === '' ? [resource] : [resource, `${resource}/${endpoint}`]
}

/** The document of RFC 9728 section 2; undefined where it was not said what the resource is called. */
export function metadataOf(
  { resource, scopes, authorizationServers }: ProtectedResource,
  endpoint: string,
): JsonObject | undefined {
  if (resource === undefined) return undefined
  return {
    resource: urlOf(resource, endpoint),
    authorization_servers: authorizationServers,
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
    resource_name: endpoint === '' ? 'Sallyport' : `Sallyport: ${endpoint}`,
  }
}

/** `WWW-Authenticate` (RFC 6750 section 3, RFC 9728 section 5.1) for a caller that has to prove more. */
export function challengeOf(
  { resource, scopes }: ProtectedResource,
  {
    endpoint,
    refusal,
    hadProof,
  }: { readonly endpoint: string; readonly refusal: Refusal; readonly hadProof: boolean },
): string {
  const isScope = refusal.code === 'scope-exceeded'
  const parts = [
    'realm="sallyport"',
    ...(isScope ? ['error="insufficient_scope"'] : hadProof ? ['error="invalid_token"'] : []),
    ...(scopes.length > 0 ? [`scope="${scopes.join(' ')}"`] : []),
    ...(resource === undefined ? [] : [`resource_metadata="${metadataUrl(resource, endpoint)}"`]),
  ]
  return `Bearer ${parts.join(', ')}`
}

function metadataUrl(resource: string, endpoint: string): string {
  const { origin, pathname } = new URL(urlOf(resource, endpoint))
  return `${origin}/${metadataSegments.join('/')}${pathname}`
}

function urlOf(resource: string, endpoint: string): string {
  return endpoint === '' ? resource : `${resource}/${endpoint}`
}
