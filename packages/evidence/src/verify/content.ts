import { utf8Bytes } from '../encoding.ts'
import { sha256 } from '../hash.ts'
import { type ApprovalFacts, approvalFacts } from './approval-facts.ts'
import { canonicalJson, hexOf, isJsonObject, type JsonObject, jsonOf } from './json.ts'
import { type PermitFacts, permitFacts, type ReviewFacts, reviewFacts } from './review-facts.ts'

/** What the checks read of a rulebook. Everything else in it is bound by its digest all the same. */
export type Content = {
  readonly functions: ReadonlyMap<string, FunctionFacts>
  readonly connections: ReadonlyMap<string, { readonly prefix: string }>
  readonly policies: readonly Policy[]
  /** By the id of the policy. */
  readonly permits: ReadonlyMap<string, PermitFacts>
  readonly approvals: ApprovalFacts
  readonly reviews: ReviewFacts
}

export type FunctionFacts = {
  readonly name: string
  readonly connection: string
  /** As the rulebook says it, and as it comes out when computed from the definition. */
  readonly digest: string
  readonly computed: string
  readonly argumentSchema: JsonObject
  readonly http: HttpFacts
  /** It is a function of an MCP server, and its payloads are frames; undefined: it is called over HTTP. */
  readonly mcp: McpFacts | undefined
  /** An upstream calls it and the caller answers: rules about results are about its arguments then, and the other way. */
  readonly isForCaller: boolean
  readonly argumentMasks: readonly (MaskFacts & { readonly from: readonly string[] })[]
  readonly resultMasks: readonly MaskFacts[]
  /** What is looked for in its bodies, in the order in which rules count. */
  readonly detect: readonly DetectFacts[]
  /** A body in which values are looked for, and that cannot be read, is let through. */
  readonly passesUnread: boolean
  /** Whether payloads are kept beside the record, or only committed to. */
  readonly keepsPayloads: boolean
  /** For how long: the name of a class. */
  readonly retention: string
  readonly risk: string
  /** Digest of how its upstream described it when it was registered; empty: nobody says. */
  readonly source: string
}

export type DetectFacts = {
  readonly id: string
  readonly direction: readonly string[]
  /** Entity types; `*`: every one. */
  readonly entities: readonly string[]
  /** RFC 9535 paths it is limited to; undefined: wherever it stands. */
  readonly paths: readonly string[] | undefined
  /** For arguments: who must not see it. */
  readonly from: readonly string[]
  /** What is done with a value. */
  readonly kind: string
  /** Kinds of what may become of a value: what is done, and what whoever sees more of it gets. */
  readonly kinds: readonly string[]
}

export type MaskFacts = {
  readonly id: string
  readonly path: string
  readonly strategy: JsonObject
}

export type HttpFacts = {
  readonly method: string
  readonly path: string
  readonly places: Readonly<Record<string, string>>
  readonly body: string
  readonly bodyArgument: string | undefined
}

export type McpFacts = { readonly method: string; readonly name: string }

export type Policy = {
  readonly id: string
  readonly effect: 'permit' | 'forbid'
  readonly text: string
  /** Every one of these groups has to approve what this guardrail forbids; empty: nobody can. */
  readonly approverGroups: readonly string[]
}

/** The digest of stored content: over its exact bytes. */
export function contentDigest(bytes: Uint8Array): string {
  return `sha256:${hexOf(sha256(bytes))}`
}

/** Reads stored content; undefined for what is none. */
export function readContent(bytes: Uint8Array): Content | undefined {
  const whole = jsonOf(bytes)
  if (!isJsonObject(whole)) return undefined
  const { functions, policies, connections, approvals, reviews, detection } = whole
  if (!Array.isArray(functions) || !Array.isArray(policies) || !Array.isArray(connections)) {
    return undefined
  }
  const passesUnread = isJsonObject(detection) && detection.onError === 'pass'
  return {
    functions: new Map(
      functions
        .filter(isJsonObject)
        .map((fn) => [textOf(fn.id), { ...functionFacts(fn), passesUnread }]),
    ),
    connections: new Map(
      connections.filter(isJsonObject).map((one) => {
        return [textOf(one.id), { prefix: textOf(one.prefix) || '/' }]
      }),
    ),
    policies: policies.filter(isJsonObject).map(policyOf),
    permits: new Map(policies.filter(isJsonObject).flatMap(permitOf)),
    approvals: approvalFacts(approvals),
    reviews: reviewFacts(reviews),
  }
}

function detectOf(rule: JsonObject): DetectFacts {
  return {
    id: textOf(rule.id),
    direction: textsOf(rule.direction),
    entities: textsOf(rule.entities),
    paths: Array.isArray(rule.paths) ? textsOf(rule.paths) : undefined,
    from: textsOf(rule.from),
    kind: isJsonObject(rule.strategy) ? textOf(rule.strategy.kind) : '',
    kinds: [rule, ...objectsOf(rule.reveal)].map(({ strategy }) =>
      isJsonObject(strategy) ? textOf(strategy.kind) : '',
    ),
  }
}

function functionFacts(fn: JsonObject): Omit<FunctionFacts, 'passesUnread'> {
  const { digest, ...definition } = fn
  const http = isJsonObject(fn.http) ? fn.http : {}
  const places = isJsonObject(http.places) ? http.places : {}
  const mcp = isJsonObject(fn.mcp)
    ? { method: textOf(fn.mcp.method), name: textOf(fn.mcp.name) }
    : undefined
  return {
    name: textOf(fn.id),
    connection: textOf(fn.connection),
    digest: textOf(digest),
    computed: contentDigest(utf8Bytes(canonicalJson(definition))),
    argumentSchema: isJsonObject(fn.argumentSchema) ? fn.argumentSchema : {},
    http: {
      method: textOf(http.method),
      path: textOf(http.path),
      places: Object.fromEntries(Object.entries(places).map(([name, at]) => [name, textOf(at)])),
      body: textOf(http.body),
      bodyArgument: typeof http.bodyArgument === 'string' ? http.bodyArgument : undefined,
    },
    mcp,
    isForCaller: mcp !== undefined && forCaller.has(mcp.method),
    argumentMasks: objectsOf(fn.argumentMasks).map((mask) => ({
      ...maskOf(mask),
      from: textsOf(mask.from),
    })),
    resultMasks: objectsOf(fn.resultMasks).map(maskOf),
    detect: objectsOf(fn.detect).map(detectOf),
    keepsPayloads: fn.payloads === 'kept',
    retention: textOf(fn.retention) || 'standard',
    risk: textOf(fn.risk),
    source: isJsonObject(fn.source) ? textOf(fn.source.digest) : '',
  }
}

/** Requests of MCP that go from an upstream to the caller. */
const forCaller: ReadonlySet<string> = new Set([
  'sampling/createMessage',
  'elicitation/create',
  'roots/list',
])

function maskOf(mask: JsonObject): MaskFacts {
  const strategy = isJsonObject(mask.strategy) ? mask.strategy : {}
  return { id: textOf(mask.id), path: textOf(mask.path), strategy }
}

function policyOf(policy: JsonObject): Policy {
  const annotations = isJsonObject(policy.annotations) ? policy.annotations : {}
  const effect = policy.effect === 'permit' ? 'permit' : 'forbid'
  const approval = effect === 'forbid' ? textOf(annotations.approval) : ''
  const approverGroups = approval
    .split(',')
    .map((group) => group.trim())
    .filter((group) => group !== '')
  return { id: textOf(policy.id), effect, text: textOf(policy.text), approverGroups }
}

function permitOf(policy: JsonObject): readonly (readonly [string, PermitFacts])[] {
  if (policy.effect !== 'permit') return []
  const annotations = isJsonObject(policy.annotations) ? policy.annotations : {}
  return [[textOf(policy.id), permitFacts(annotations, textOf(policy.text))]]
}

function objectsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
