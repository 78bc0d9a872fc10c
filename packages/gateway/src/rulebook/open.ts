import type { InForce } from '../call/in-force.ts'
import { limits } from '../config/limits.ts'
import type { GrantListed } from '../model/grant.ts'
import type { Problem, Rulebook } from '../model/rulebook.ts'
import { rulebookContent } from './digest.ts'
import { sortProblems } from './flaw.ts'
import type { KnownNames } from './known-names.ts'
import { type LoadedRulebook, loadRulebook } from './load.ts'
import { openMaskThread } from './mask-thread.ts'
import { type PolicyTestResult, runPolicyTests } from './run-tests.ts'
import { watchFolder } from './watch.ts'

/** What became of reading the folder. */
export type RulebookOutcome = {
  /** Empty: the folder is a valid rulebook whose own tests pass. */
  readonly problems: readonly Problem[]
  /** Of the rulebook read; undefined when it could not be put together. */
  readonly digest: string | undefined
  readonly tests: readonly PolicyTestResult[]
  /** What is worth a look, and no reason not to put it in force. */
  readonly warnings: readonly Problem[]
  /** Whether it differs from what was in force. */
  readonly changed: boolean
}

export type InForceSince = LoadedRulebook & {
  /** When it was put in force, Unix milliseconds. */
  readonly since: number
}

export type Rulebooks = {
  /** What the next call is judged by; undefined until something was activated. */
  readonly current: () => InForce | undefined
  /**
   * Others are being recorded, and have been for so long that no call may be authorised by the current one any more:
   * the record of its end is dated before that of the call, and may be the earlier in the log too.
   */
  readonly isEnding: () => boolean
  /** `current` with tests, explanations and since when. */
  readonly loaded: () => InForceSince | undefined
  /** Reads the folder and says what it would be; changes nothing. */
  readonly check: () => Promise<RulebookOutcome>
  /**
   * Reads the folder and puts it in force if it is valid; otherwise the old one stays. Recorded before it
   * takes effect; rejects when it could not be, and then nothing changed. One at a time, in order.
   */
  readonly activate: (by: string) => Promise<RulebookOutcome>
  /**
   * Told of each rulebook as it comes into force, before the first call under it; and at once of the one that is. It
   * is recorded and in force by then: a listener does not throw.
   */
  readonly onActivated: (listener: (rulebook: Rulebook) => void) => void
  /** Follows the folder. Returns how to stop. */
  readonly watch: () => () => void
  /** Stops following, and waits for what is under way. */
  readonly close: () => Promise<void>
}

export type RulebooksOptions = {
  readonly folder: string
  /** What of gateway.yaml it may name. */
  readonly known?: KnownNames
  /** Must be durable when it resolves. */
  readonly record: (activation: {
    readonly digest: string
    /** Empty when none was in force. */
    readonly previous: string
    readonly by: string
    /** The canonical JSON whose SHA-256 is the digest. */
    readonly content: string
    /** Its permits. */
    readonly grants: readonly GrantListed[]
  }) => Promise<unknown>
  /** Told of every outcome that followed from a change of the folder, and of every activation. */
  readonly onOutcome?: (outcome: RulebookOutcome) => void
  readonly now?: () => number
}

/** Holds the rulebook in force and replaces it as a whole, or not at all. */
export function openRulebooks(options: RulebooksOptions): Rulebooks {
  const { folder, known = {}, record, onOutcome = () => {}, now = Date.now } = options
  let inForce: InForceSince | undefined
  /** When the recording of another began; undefined when none is recorded now. */
  let recordingSince: number | undefined
  let queue: Promise<unknown> = Promise.resolve()
  const stops = new Set<() => void>()
  const listeners: ((rulebook: Rulebook) => void)[] = []

  const thread = openMaskThread()
  const read = async () => {
    const loaded = await loadRulebook(folder, { ...known, thread })
    return readOutcome(loaded, inForce?.rulebook.digest)
  }

  const replace = async (by: string): Promise<RulebookOutcome> => {
    const { outcome, loaded } = await read()
    if (loaded && outcome.problems.length === 0 && outcome.changed) {
      const { digest } = loaded.rulebook
      // A crash between the two leaves a record of rules that decided nothing; never the reverse.
      const content = rulebookContent(loaded.rulebook)
      const { grants } = loaded.inForce
      recordingSince = now()
      try {
        await record({ digest, previous: inForce?.rulebook.digest ?? '', by, content, grants })
        inForce = { ...loaded, since: now() }
      } finally {
        recordingSince = undefined
      }
      for (const listener of listeners) listener(loaded.rulebook)
    }
    return outcome
  }
  const activate = (by: string): Promise<RulebookOutcome> => {
    const turn = queue.then(() => replace(by))
    queue = turn.catch(() => {})
    return turn
  }
  let told = '[]'
  const follow = async (): Promise<'settled' | 'again'> => {
    const outcome = await activate('gateway:watch').catch(() => undefined)
    // What could not be recorded is tried again until it can; said once.
    tell(outcome ?? unrecorded())
    return outcome ? 'settled' : 'again'
  }
  const tell = (outcome: RulebookOutcome) => {
    // One save can come as several events; what was said is not said again.
    const said = JSON.stringify(outcome.problems)
    if (outcome.changed || said !== told) onOutcome(outcome)
    told = said
  }
  return {
    current: () => inForce?.inForce,
    isEnding: () => {
      return recordingSince !== undefined && now() - recordingSince > limits.rulebookSwitchMs
    },
    loaded: () => inForce,
    check: async () => (await read()).outcome,
    activate: async (by) => {
      const outcome = await activate(by)
      onOutcome(outcome)
      return outcome
    },
    onActivated: (listener) => {
      listeners.push(listener)
      if (inForce) listener(inForce.rulebook)
    },
    watch: () => {
      const stop = watchFolder(folder, follow)
      stops.add(stop)
      return () => {
        stops.delete(stop)
        stop()
      }
    },
    close: async () => {
      for (const stop of stops) stop()
      stops.clear()
      await queue
      await thread.close()
    },
  }
}

function readOutcome(
  loaded: Awaited<ReturnType<typeof loadRulebook>>,
  previous: string | undefined,
): { readonly outcome: RulebookOutcome; readonly loaded: LoadedRulebook | undefined } {
  if ('problems' in loaded) {
    const { problems } = loaded
    const outcome = { problems, digest: undefined, tests: [], warnings: [], changed: false }
    return { outcome, loaded: undefined }
  }
  const { digest } = loaded.rulebook
  const tests = runPolicyTests(loaded.inForce, loaded.tests)
  const problems = sortProblems(tests.filter(({ passed }) => !passed).map(failedTest))
  const { warnings } = loaded
  return { outcome: { problems, digest, tests, warnings, changed: digest !== previous }, loaded }
}

/** A rulebook that fails its own tests does not say what its authors meant. */
function failedTest({ file, line, name, expected, got }: PolicyTestResult): Problem {
  const message = `The test \`${name}\` expected ${expected}, and got ${got}.`
  return { file, line, column: 1, message }
}

function unrecorded(): RulebookOutcome {
  const message = 'The change could not be recorded, so the old rulebook stays in force.'
  const problems = [{ file: '.', line: 0, column: 0, message }]
  return { problems, digest: undefined, tests: [], warnings: [], changed: false }
}
