/** What stands in for a value that was found by what it looks like. */
export type SpanStrategy =
  /** `[REDACTED:<type>]`. Recognised when it is met again, so masking twice changes nothing more. */
  | { readonly kind: 'redact' }
  /** As many `*` as it had characters. Shows its length. */
  | { readonly kind: 'mask' }
  /** Keeps first and last characters, at most first 6 and last 4 of a card; one too short is hidden whole. */
  | { readonly kind: 'partial'; readonly first: number; readonly last: number }
  /** Year of a date, network of an address, domain of an e-mail; anything else is redacted. */
  | { readonly kind: 'generalise' }
  /** Taken out: of a text its characters; a JSON value that is nothing else becomes null, or what its schema allows. */
  | { readonly kind: 'drop' }
  /** A JSON value that is nothing else becomes null, or what its schema allows; within a text as `redact`. */
  | { readonly kind: 'null' }
  /** Keyed pseudonym over type and normalised value (HMAC-SHA-256): equal values stay equal under one key. */
  | { readonly kind: 'pseudonym' }
  /** A token from the vault, which a governed function turns back. */
  | { readonly kind: 'tokenise' }
  /** Another value of the same form that is nobody's: reserved ranges, wrong check digits. */
  | { readonly kind: 'surrogate' }
  /** Let through, and recorded that it was. */
  | { readonly kind: 'keep' }

/** One line of what a rulebook says about values that are found, as it covers one function. */
export type DetectRule = {
  /** Unique within the rulebook; what the record names. */
  readonly id: string
  /** Entity types, sorted. `*`: every one. */
  readonly entities: readonly string[]
  /** RFC 9535 paths it is limited to. Absent: wherever it stands. */
  readonly paths?: readonly string[]
  readonly direction: readonly ('arguments' | 'result')[]
  /** For arguments: who must not see it in clear. */
  readonly from: readonly ('upstream' | 'record')[]
  /** 0 to 100: what is found with less is let be. */
  readonly confidence: number
  readonly strategy: SpanStrategy
  /** The external recogniser is asked too, in this language (ISO 639-1). In results only. */
  readonly recognise?: { readonly language: string }
  /** Who sees more (or less): the first whose groups every party of the call is in. */
  readonly reveal: readonly {
    readonly groups: readonly string[]
    readonly strategy: SpanStrategy
  }[]
}

/** What a rulebook says about detection beyond single rules. */
export type DetectionRules = {
  /** Patterns of the rulebook's own, in RE2 syntax. */
  readonly custom: readonly {
    readonly id: string
    readonly entity: string
    readonly pattern: string
    readonly confidence: number
    /** At least one of these has to stand in the same cell. Empty: none has to. */
    readonly context: readonly string[]
  }[]
  /** Text of a gitleaks configuration that is loaded beside it. */
  readonly gitleaks?: string
  /** What becomes of a body that cannot be read or is over budget. */
  readonly onError: 'block' | 'pass'
  /** Values that are let be and recorded: public test numbers, the company's own addresses. */
  readonly allow: readonly {
    readonly id: string
    readonly entity: string
    readonly values: readonly string[]
    readonly reason: string
  }[]
}
