/** What a command's exit code means. The list is public: `sallyport help exit-codes` prints it. */
export const exits = {
  ok: { code: 0, meaning: 'It was done.' },
  failed: { code: 1, meaning: 'It failed, or something that was checked is not right.' },
  usage: { code: 2, meaning: 'The command line is not one this program understands.' },
  cancelled: { code: 3, meaning: 'It was cancelled, or the time to wait was over.' },
  'sign-in': {
    code: 4,
    meaning: 'Nobody is signed in, or the proof of identity was not accepted.',
  },
  denied: { code: 5, meaning: 'Policy, a person or the role of who asked said no.' },
  held: { code: 6, meaning: 'A person has to approve the call first; it is still pending.' },
  'verification-failed': { code: 7, meaning: 'Evidence does not verify.' },
  upstream: { code: 8, meaning: 'The function behind the gateway failed.' },
  unreachable: { code: 9, meaning: 'The gateway could not be reached, or cannot work now.' },
  interrupted: { code: 130, meaning: 'It was interrupted (Ctrl-C).' },
} as const

export type Exit = keyof typeof exits

/**
 * How a command ends when it does not end well: main.ts prints the message, the detail and the cure
 * to stderr and leaves with the code of `exit`. Its texts may hold what others wrote; they are made
 * safe to look at when printed.
 */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exit: Exit
  readonly detail: string | undefined
  readonly cure: string | undefined
  /** The problem's code, where the admin API said no. */
  readonly code: string | undefined

  constructor(
    exit: Exit,
    message: string,
    more: {
      readonly detail?: string | undefined
      readonly cure?: string | undefined
      readonly code?: string | undefined
    } = {},
  ) {
    super(message)
    this.exit = exit
    this.detail = more.detail
    this.cure = more.cure
    this.code = more.code
  }
}

/** The exit for each refusal of the gateway (docs/reference/refusals.md). */
export function exitOfRefusal(code: string): Exit {
  return Object.hasOwn(byRefusal, code) ? (byRefusal[code] ?? 'failed') : 'failed'
}

const byRefusal: Readonly<Record<string, Exit>> = {
  unauthenticated: 'sign-in',
  'request-malformed': 'failed',
  'request-too-large': 'failed',
  'function-unknown': 'failed',
  'scope-exceeded': 'denied',
  'policy-denied': 'denied',
  'review-lapsed': 'denied',
  'grant-revoked': 'denied',
  'function-quarantined': 'denied',
  'duties-conflict': 'denied',
  'arguments-invalid': 'failed',
  'approval-required': 'held',
  'approval-denied': 'denied',
  'approval-unusable': 'denied',
  'approval-impossible': 'denied',
  'clearance-revoked': 'denied',
  'evidence-unavailable': 'unreachable',
  'credential-unavailable': 'upstream',
  'upstream-unreachable': 'upstream',
  'upstream-timeout': 'upstream',
  'upstream-failed': 'upstream',
  'result-withheld': 'upstream',
  'caller-left': 'cancelled',
  overloaded: 'unreachable',
  'rulebook-missing': 'unreachable',
  'rulebook-replaced': 'unreachable',
  internal: 'failed',
}
