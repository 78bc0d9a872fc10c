import type { Content } from './content.ts'
import { isJsonObject } from './json.ts'

type Uid = { readonly type: string; readonly id: string }

export type CedarRequest = {
  readonly principal: Uid
  readonly action: Uid
  readonly resource: Uid
  readonly context: { readonly [name: string]: unknown }
  readonly entities: readonly {
    readonly uid: Uid
    readonly attrs: object
    readonly parents: readonly Uid[]
  }[]
}

/** Ids of the policies that determined the answer, and of those that could not be evaluated. */
export type CedarAnswer = {
  readonly isAllowed: boolean
  readonly determining: readonly string[]
  readonly errors: readonly string[]
}

export type Cedar = {
  /** Undefined where Cedar cannot take the policies or the request. */
  readonly ask: (digest: string, content: Content, request: CedarRequest) => CedarAnswer | undefined
}

/**
 * The auditor's own Cedar, an optional peer: `npm install @cedar-policy/cedar-wasm` beside this package.
 * Undefined where there is none. Only Cedar decides here; nothing of the gateway's own evaluation is used.
 */
export async function loadCedar(): Promise<Cedar | undefined> {
  const found = await importCedar()
  if (!found) return undefined
  const prepared = new Set<string>()
  return {
    ask: (digest, { policies }, request) => {
      if (!prepared.has(digest)) {
        const staticPolicies = Object.fromEntries(policies.map(({ id, text }) => [id, text]))
        const ready = found.preparsePolicySet(digest, { staticPolicies })
        if (!isJsonObject(ready) || ready.type !== 'success') return undefined
        prepared.add(digest)
      }
      return readAnswer(found.statefulIsAuthorized({ ...request, preparsedPolicySetId: digest }))
    },
  }
}

type Module = {
  readonly preparsePolicySet: (id: string, policies: unknown) => unknown
  readonly statefulIsAuthorized: (request: unknown) => unknown
}

/** The name is no literal, so that a bundler leaves out what an auditor may not have. */
const peers = ['@cedar-policy/cedar-wasm/nodejs', '@cedar-policy/cedar-wasm']

async function importCedar(): Promise<Module | undefined> {
  for (const peer of peers) {
    try {
      const found: unknown = await import(peer)
      if (isModule(found)) return found
    } catch {
      // Not installed here, or not made for this place: the next one may be.
    }
  }
  return undefined
}

function isModule(found: unknown): found is Module {
  return (
    isJsonObject(found) &&
    typeof found.preparsePolicySet === 'function' &&
    typeof found.statefulIsAuthorized === 'function'
  )
}

function readAnswer(answer: unknown): CedarAnswer | undefined {
  const response = isJsonObject(answer) ? answer.response : undefined
  const diagnostics = isJsonObject(response) ? response.diagnostics : undefined
  if (!isJsonObject(response) || !isJsonObject(diagnostics)) return undefined
  const { reason, errors } = diagnostics
  if (!Array.isArray(reason) || !Array.isArray(errors)) return undefined
  return {
    isAllowed: response.decision === 'allow',
    determining: reason.filter((id) => typeof id === 'string'),
    errors: errors
      .map((error: unknown) => (isJsonObject(error) ? error.policyId : undefined))
      .filter((id) => typeof id === 'string'),
  }
}
