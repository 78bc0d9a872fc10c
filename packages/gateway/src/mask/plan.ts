import type { SpanStrategy } from '../model/detection.ts'
import type { Json } from '../model/json.ts'

/** One place where something was hidden: by which rule, how, how often. Never what. */
export type Finding = {
  readonly rule: string
  /** The rule's path, not the concrete one: array positions and keys can be personal data too. */
  readonly path: string
  /** The strategy's kind, `fields` for what an allow-list left out, `credential` for an echoed secret. */
  readonly how: string
  readonly count: number
  /** Of a value that was found by what it looks like: its type, what proved it, and how sure that is. */
  readonly found?: {
    readonly entity: string
    /** The detector's own rule: `ip/v4`. */
    readonly detector: string
    readonly validator: string | undefined
    readonly band: 'low' | 'medium' | 'high'
  }
}

/**
 * What is looked for in the bodies of one function for one caller, and what becomes of it. Of rules that name
 * one entity the first stands.
 */
export type DetectionPlan = {
  readonly rules: readonly {
    readonly id: string
    /** Entity types; `*`: every one that no rule before it names. */
    readonly entities: readonly string[]
    /**
     * RFC 9535 paths it is limited to. Absent: wherever it stands. Where paths mean nothing it covers everything,
     * but what is kept by a path is kept there only.
     */
    readonly paths?: readonly string[]
    /** Covers everything there, although it keeps. */
    readonly keepsAnywhere?: true
    /** 0 to 100. */
    readonly confidence: number
    readonly strategy: SpanStrategy
    /** An external recogniser is asked too, about the texts at the paths. In results only. */
    readonly recognise?: { readonly language: string }
  }[]
  /** Compiled by the rulebook, in linear time. `find`: ascending spans of UTF-16 offsets in one cell's text. */
  readonly custom: readonly {
    readonly id: string
    readonly entity: string
    readonly confidence: number
    readonly find: (text: string) => readonly (readonly [start: number, end: number])[]
  }[]
  /** Entity and normalised value, as `entity:value`, of what is let be. */
  readonly allowed: ReadonlySet<string>
  /** Names of fields that the rulebook says itself; other keys are named by the record only if they are common words. */
  readonly names?: ReadonlySet<string>
  /** What the schema allows in the place of a value at this path that is taken out. Absent: null. */
  readonly emptyPlace?: (path: string) => 'null' | 'mark' | 'zero'
  /** What becomes of a body that cannot be read, or is over budget. */
  readonly onError: 'block' | 'pass'
  /** Changes when any pattern, validator or rule does; what the record cites. */
  readonly digest: string
}

/**
 * Masks one body, chunk by chunk, in bounded memory. Bytes outside the changed spans come back
 * untouched. Throws `MaskError` when the body is not what its media type says: the result is then
 * withheld, never passed.
 */
export type Masker = {
  /** What may be released after this chunk. May be empty; may be the same array when nothing changed. */
  readonly push: (chunk: Uint8Array) => Uint8Array
  /** The rest. */
  readonly end: () => Uint8Array
  readonly findings: () => readonly Finding[]
  /**
   * Present where an external recogniser has to be asked: awaited once, after the last `push` and before
   * `end`. Rejects with `MaskError` when it gives no answer. `paced`: its own work is done by it.
   */
  readonly ask?: ((recognise: Recognise, paced: Paced) => Promise<void>) | undefined
  /** Of the plan by which values are looked for; absent: nothing is looked for. */
  readonly digest?: string | undefined
  /** Nothing is hidden but echoes, which takes next to no time. */
  readonly isPassing?: boolean
  /** The same in another thread, where long bodies go on. Absent: there is none, or nothing to do in it. */
  readonly aside?: {
    /** What is not longer is masked here. */
    readonly overBytes: number
    /** Undefined: as many bodies are masked there as may be, and this one stays here. */
    readonly open: () => MaskerAside | undefined
  }
}

/**
 * The masker of one body in another thread, from the body's beginning on. One step at a time. A step rejects with
 * `MaskError` where the masker throws one, and with something else when the thread has ended: nothing of the body
 * goes out after that.
 */
export type MaskerAside = {
  /** What may be released after these pieces, which are masked as they are cut. */
  readonly push: (pieces: readonly Uint8Array[]) => Promise<Uint8Array>
  /** As that of `Masker`; does nothing where nobody has to be asked. */
  readonly ask: (recognise: Recognise) => Promise<void>
  /** The rest. */
  readonly end: () => Promise<Uint8Array>
  /** As of the last step. */
  readonly findings: () => readonly Finding[]
  /** All work there so far. */
  readonly micros: () => number
  /** Has it forgotten there. Returns at once. */
  readonly drop: () => void
}

/**
 * Does one piece of work, of so many bytes where it is a piece of a body, and lets others have their turn before it.
 */
export type Paced = <Made>(step: () => Made, bytes?: number) => Promise<Made>

/** One value that a recogniser sees in a text: a name, a place. */
export type Recognised = {
  readonly entity: string
  /** UTF-16 offsets; `end` is exclusive. */
  readonly start: number
  readonly end: number
  /** 0 to 100, as the recogniser says. */
  readonly confidence: number
}

/** What a recogniser is asked about some texts. */
export type RecogniserQuestion = {
  readonly texts: readonly string[]
  /** As ISO 639-1 writes it. */
  readonly language: string
  /** As the recogniser calls them, which for Presidio is as we do. */
  readonly entities: readonly string[]
  /** 0 to 100. */
  readonly confidence: number
}

/** Asks it; the answer is for each text, ascending. Rejects when there is none; never with half of one. */
export type Recognise = (asked: RecogniserQuestion) => Promise<readonly (readonly Recognised[])[]>

/** Where in a body something was found; `rule` is the detector's own. */
export type SpanFound = {
  readonly type: string
  readonly rule: string
  readonly confidence: number
  readonly start: number
  readonly end: number
  /** As it was read: unescaped and folded. */
  readonly text: string
}

/** How the results of one function are masked. `undefined` from `masker`: such a result cannot be masked as the rules require. */
export type ResultMasking = {
  readonly masker: (options: {
    /** As the upstream wrote it, with its parameters. */
    readonly mediaType: string
    /** The body is only a part of the result. */
    readonly fragment: boolean
    readonly key: Uint8Array
    /** Byte strings that must not come back: the upstream's credential in every form it could be echoed. */
    readonly echoes: readonly Uint8Array[]
    /** Told of every value that is found, for who tries rules out; offsets are of bytes of the body. */
    readonly seen?: ((span: SpanFound) => void) | undefined
    /** `seen` is told at every look at a text, of which a long one gets several. */
    readonly eachLook?: boolean | undefined
  }) => Masker | undefined
  /**
   * The headers that go with such a result, their names in lower case. Absent: nothing is looked for in them. Throws
   * `MaskError` when they cannot be masked.
   */
  readonly headers?:
    | ((
        headers: readonly Header[],
        options: { readonly key: Uint8Array },
      ) => { readonly headers: readonly Header[]; readonly findings: readonly Finding[] })
    | undefined
}

/** Its name is in lower case, and its value has a character for each byte. */
export type Header = readonly [name: string, value: string]

/** How the arguments of one function are masked, for each of those who must not see them in clear. */
export type ArgumentMasking = {
  readonly hidesFromUpstream: boolean
  readonly hidesFromRecord: boolean
  readonly apply: (
    values: { readonly [key: string]: Json },
    options: { readonly from: 'upstream' | 'record'; readonly key: Uint8Array },
  ) => {
    readonly values: { readonly [key: string]: Json }
    readonly findings: readonly Finding[]
  }
  /** The same on the bytes of a JSON body. */
  readonly applyToBody: (
    body: Uint8Array,
    options: { readonly from: 'upstream' | 'record'; readonly key: Uint8Array },
  ) => Uint8Array
  /** Both in another thread; undefined where the arguments are short. Absent: there is no other thread. */
  readonly aside?: (
    asked: ArgumentsAside,
    size: { readonly bytes: number },
  ) => Promise<ArgumentsMasked> | undefined
}

/** Arguments that are masked in another thread; `body`: the JSON body, where it is masked too. */
export type ArgumentsAside = {
  readonly values: { readonly [key: string]: Json }
  readonly body: Uint8Array | undefined
  readonly from: 'upstream' | 'record'
  readonly key: Uint8Array
}
export type ArgumentsMasked = {
  readonly values: { readonly [key: string]: Json }
  readonly body: Uint8Array | undefined
  readonly findings: readonly Finding[]
}

export class MaskError extends Error {
  override readonly name = 'MaskError'
}
