import type {
  ArgumentsAside,
  ArgumentsMasked,
  Finding,
  Recognised,
  RecogniserQuestion,
} from '../mask/plan.ts'
import type { DetectionRules } from '../model/detection.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { Party } from '../model/principal.ts'

/** By which rules a body is masked, in the rulebook's own words: what is compiled from them is compiled again there. */
type MaskRules = {
  /** Of the rulebook they are of. */
  readonly digest: string
  readonly detection: DetectionRules | undefined
  readonly fn: FunctionDefinition
}

export type ArgumentsJob = { readonly rules: MaskRules; readonly asked: ArgumentsAside }

export type ResultJob = {
  readonly rules: MaskRules
  readonly given: {
    readonly fields: readonly (readonly string[])[]
    readonly parties: readonly Party[]
  }
  readonly options: {
    readonly mediaType: string
    readonly fragment: boolean
    readonly key: Uint8Array
    readonly echoes: readonly Uint8Array[]
  }
  /** Of the plan as it was compiled here: what the record says that looked. */
  readonly plan: string | undefined
}

/** All of the memory behind them, so that it can be handed over. */
type OwnBytes = Uint8Array<ArrayBuffer>

/**
 * What passes between the thread that answers calls and the one that masks beside it, about one body. Each is answered
 * by one `MaskSaid`, but `open` and `drop`, which are not answered.
 */
export type MaskAsked =
  | ({ readonly kind: 'arguments' } & ArgumentsJob)
  | ({ readonly kind: 'open' } & ResultJob)
  | { readonly kind: 'push'; readonly pieces: readonly OwnBytes[] }
  | { readonly kind: 'ask' }
  /** Answers a `question`. */
  | { readonly kind: 'recognised'; readonly answers: readonly (readonly Recognised[])[] }
  | { readonly kind: 'end' }
  | { readonly kind: 'drop' }

export type MaskSaid =
  | { readonly kind: 'masked'; readonly masked: ArgumentsMasked }
  | ({ readonly kind: 'released'; readonly bytes: OwnBytes } & Looks)
  /** For the recogniser, which is asked from the other thread. */
  | ({ readonly kind: 'question'; readonly question: RecogniserQuestion } & Looks)
  /** The body is over. Never holds a value. */
  | ({ readonly kind: 'problem'; readonly problem: string } & Partial<Looks>)

/** How long a result was worked on so far, and what was found in it where that is more than was said before. */
export type Looks = { readonly micros: number; readonly findings?: readonly Finding[] | undefined }

export type Numbered<Message> = Message & { readonly id: number }
