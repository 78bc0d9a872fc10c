import type { PartyKind } from '../model/principal.ts'
import type { SecretReference } from '../model/secret.ts'
import type { NotifyConfig } from './notify.ts'

/**
 * What gateway.yaml says, read once at start. Everything that may change while the gateway runs is
 * governed state (rulebook, keys, approvals) and is not here. Times are milliseconds.
 */
export type Config = {
  /** The name in records of this one process: two instances of one log never share it. */
  readonly instance: string
  /** The evidence log's name, without a scheme: `example.com/sallyport`. Signed into every checkpoint. */
  readonly origin: string
  /** Folder of the embedded store, or `memory` for one that is lost at exit. Absolute once loaded. */
  readonly home: string
  /** Where records and state are kept; absent: in a file of `home`. */
  readonly store?: StoreConfig | undefined
  /** Folder of the rulebook. Absolute once loaded. */
  readonly rulebook: string
  readonly listen: ListenConfig
  readonly admin: {
    readonly host: string
    readonly port: number
    /** How people reach it: links in messages begin with it. */
    readonly publicUrl?: string | undefined
  }
  readonly mcp: McpConfig
  readonly issuers: readonly IssuerConfig[]
  readonly operators: readonly OperatorConfig[]
  readonly callLimits: {
    readonly concurrentCalls: number
    readonly callsPerCaller: number
    readonly heldResultBytes: number
    readonly chunkCommitBytes: number
  }
  readonly approvals: {
    /** How long a call is held when its caller does not say. */
    readonly holdMs: number
    readonly holdMsMax: number
    readonly decideByMs: number
    readonly claimByMs: number
  }
  readonly notify: NotifyConfig
  /** Where names in free text are looked for. Absent: nowhere. */
  readonly recogniser?: RecogniserConfig | undefined
  readonly witnesses: WitnessesConfig
  /** Retention classes: how long payloads stay, milliseconds by name. There is always a `standard`. */
  readonly retention: Readonly<Record<string, number>>
}

/** A Presidio analyzer. */
export type RecogniserConfig = {
  /** Where it listens: `/analyze` comes after it. */
  readonly url: string
  readonly timeoutMs: number
}

/** A database that any number of gateways share. The keys and the published log stay in `home`. */
export type StoreConfig = {
  /** `postgres://…`, or where that is kept. It may hold a password: never in a log or an error. */
  readonly postgres: string | SecretReference
  /** What holds everything in that database. */
  readonly schema: string
  /** Connections for questions, at most; one more writes, and one listens. */
  readonly poolSize: number
  /** Whether a start brings the database up to date. */
  readonly migrate: boolean
}

/** Who is asked to cosign every checkpoint, so that the log cannot show two histories. */
export type WitnessesConfig = {
  /** How many of them make a checkpoint `witnessed`. `none`: nothing is ever called witnessed. */
  readonly quorum: 'all' | 'any' | 'none' | number
  readonly members: readonly WitnessConfig[]
}

export type WitnessConfig = {
  /** In the trust file, in metrics and in logs. */
  readonly name: string
  /** Verifier key of type 0x04 (cosignature/v1), as `sallyport witness init` prints it. */
  readonly key: string
  /** Its submission prefix: `/add-checkpoint` comes after it. */
  readonly url: string
}

export type ListenConfig = {
  readonly host: string
  readonly port: number
  /** Files with PEM text. Absent: plain HTTP. Absolute once loaded. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  readonly http2: boolean
}

/** What `/mcp` asks of its callers. */
export type McpConfig = {
  /**
   * The URL by which callers know `/mcp`, without a slash at its end: what a token has to be meant for (RFC 8707), this
   * or the endpoint of one connection below it. Absent: the issuers' audiences count.
   */
  readonly resource?: string | undefined
  /** Every access token has to carry all of them. API keys have a scope of their own. */
  readonly scopes: readonly string[]
  /** Origins of web pages that may call: `https://chat.example`. Others are refused, whatever they prove. */
  readonly allowedOrigins: readonly string[]
  /** Names in `Host` that count besides the loopback ones where the listener is on loopback. Lower case, with the port. */
  readonly allowedHosts: readonly string[]
}

export const signatureAlgorithms = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'PS256',
  'EdDSA',
  'Ed25519',
] as const
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number]

/** One OpenID provider, or anything else that signs JWTs and publishes its keys by discovery. */
export type IssuerConfig = {
  /** Short and stable: it begins the id of every party this issuer vouches for. */
  readonly name: string
  /** The exact `iss` of its tokens. */
  readonly issuer: string
  /** A token for calls has to name one of these in `aud`. */
  readonly audiences: readonly string[]
  /** The same for the admin API. Empty: nobody signs in to it through this issuer. */
  readonly adminAudiences: readonly string[]
  readonly algorithms: readonly SignatureAlgorithm[]
  /** Accepted `typ` headers, lower case, without `application/`; `none` accepts a token without one. */
  readonly types: readonly string[]
  /** When given, `azp` (or `client_id`) has to be one of these. */
  readonly authorizedParties?: readonly string[] | undefined
  readonly subjectClaim: string
  readonly groups: GroupRule
  /** First match decides. */
  readonly kinds: readonly KindRule[]
  /** What a subject is when no rule says. Stated, never assumed: only a `user` may approve. */
  readonly defaultKind: PartyKind
  /** What an entry of the `act` chain is when no rule says. */
  readonly actorKind: PartyKind
  /**
   * Claims that name who set a call in motion without being a party of it, such as `actor_id` of a CI run, and
   * the first part of the party id they become: `github:1234`.
   */
  readonly triggeredBy: readonly { readonly claim: string; readonly as: string }[]
  /** Allows `http:`, on loopback hosts only. */
  readonly insecureHttp: boolean
}

export type GroupRule = {
  /** A claim's name, or a dotted path to it. */
  readonly claim: string
  /** Put before every name that `map` does not rename. */
  readonly prefix: string
  readonly map: Readonly<Record<string, string>>
}

/** Exactly one of `equals`, `startsWith`, `exists`. */
export type KindRule = {
  readonly when: {
    readonly claim: string
    readonly equals?: string | undefined
    readonly startsWith?: string | undefined
    readonly exists?: boolean | undefined
  }
  readonly kind: PartyKind
}

/** A person who signs in to the admin API with a key instead of an identity provider. */
export type OperatorConfig = {
  readonly name: string
  readonly groups: readonly string[]
  /** SHA-256 of the operator key, hex. */
  readonly keyHash: string
}
