import type { InForce } from '../call/in-force.ts'
import type { Decision, Question } from '../model/decision.ts'
import type { Json } from '../model/json.ts'
import type { Party } from '../model/principal.ts'
import type { PartyForm } from './forms.ts'
import type { PolicyTest } from './read-tests.ts'

export type PolicyTestResult = {
  readonly file: string
  readonly line: number
  readonly name: string
  readonly passed: boolean
  /** In words, such as `hold by large-transfer, approved by payments-approvers`. */
  readonly expected: string
  readonly got: string
}

/** Asks policy what each test asks and compares. Pure: a test without `at` has a time of its own. */
export function runPolicyTests(
  inForce: InForce,
  tests: readonly PolicyTest[],
): readonly PolicyTestResult[] {
  return tests.map((test) => {
    const { file, line, name } = test
    const got = outcomeOf(inForce, test)
    const expected = expectedBy(test)
    const mismatch = differs(expected, got)
    return {
      file,
      line,
      name,
      passed: !mismatch && got.misfit === undefined,
      expected: inWords(expected),
      got: inWords(got),
    }
  })
}

type Outcome = {
  readonly effect: 'allow' | 'deny' | 'hold'
  readonly by?: readonly string[] | undefined
  readonly groups?: readonly string[] | undefined
  readonly fields?: readonly string[] | undefined
  /** Why the call would be refused although policy lets it. */
  readonly misfit?: string | undefined
}

function expectedBy({ expect, by, groups, fields }: PolicyTest): Outcome {
  return { effect: expect, by, groups, fields }
}

function outcomeOf(inForce: InForce, test: PolicyTest): Outcome {
  const decision = inForce.decide(questionOf(test))
  const reasons = decision.reasons.map(({ policy }) => policy)
  if (decision.effect === 'forbid') {
    return { effect: 'deny', by: [...new Set([...reasons, ...decision.errors])] }
  }
  const fn = inForce.rulebook.functions.find(({ id }) => id === test.call)
  const problems = fn ? inForce.argumentProblems(fn, test.args ?? {}) : []
  const misfit = problems.map(({ pointer, problem }) => `${pointer || '/'} ${problem}`).join('; ')
  return {
    effect: decision.effect === 'hold' ? 'hold' : 'allow',
    by: [...new Set(reasons)],
    ...(decision.effect === 'hold' && { groups: decision.approverGroups }),
    fields: fieldsOf(decision),
    ...(misfit !== '' && { misfit }),
  }
}

/** Every field that some party is limited to; absent when nobody is. */
function fieldsOf(decision: Exclude<Decision, { effect: 'forbid' }>): string[] | undefined {
  const limited = decision.grants.flatMap(({ grants }) => {
    const scopes = grants.map(({ fields }) => fields)
    return scopes.includes(undefined) ? [] : [scopes.flatMap((scope) => scope ?? [])]
  })
  return limited.length > 0 ? [...new Set(limited.flat())] : undefined
}

/** A moment for tests that do not say when: a Wednesday, at noon UTC. */
const defaultTime = Date.UTC(2026, 0, 7, 12)

function questionOf(test: PolicyTest): Question {
  const subject = partyOf(test.as)
  const actor = test.actor && partyOf(test.actor)
  const args = test.args ?? {}
  return {
    parties: actor ? [subject, actor] : [subject],
    subject,
    functionId: test.call,
    args,
    exactNumber: (path) => numberText(args, path),
    session: 'ses_test',
    labels: test.labels ?? [],
    time: test.at === undefined ? defaultTime : Date.parse(test.at),
    source: { protocol: 'http', ip: test.ip ?? '127.0.0.1' },
    approvedBy: test.approvedBy ?? [],
  }
}

function partyOf(form: PartyForm): Party {
  const groups = form.groups ?? []
  for (const kind of ['user', 'agent', 'workload', 'service'] as const) {
    const id = form[kind]
    if (id !== undefined) return { kind, id, groups }
  }
  throw new TypeError('a party of no kind')
}

function numberText(args: Json, path: readonly string[]): string | undefined {
  let node: unknown = args
  for (const key of path) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return undefined
    node = Reflect.get(node, key)
  }
  return typeof node === 'number' ? JSON.stringify(node) : undefined
}

/** `by` has to be among the reasons; `groups` and `fields`, where stated, have to be exactly these. */
function differs(expected: Outcome, got: Outcome): boolean {
  if (expected.effect !== got.effect) return true
  if (expected.by?.some((id) => !got.by?.includes(id))) return true
  if (expected.groups && !sameSet(expected.groups, got.groups ?? [])) return true
  return expected.fields !== undefined && !sameSet(expected.fields, got.fields ?? [])
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one))
}

function inWords({ effect, by, groups, fields, misfit }: Outcome): string {
  const parts: string[] = [effect]
  if (by && by.length > 0) parts.push(`by ${by.join(', ')}`)
  if (groups && groups.length > 0) parts.push(`approval of ${groups.join(', ')}`)
  if (fields) parts.push(`only ${fields.join(', ') || 'nothing'}`)
  if (misfit !== undefined) parts.push(`but the arguments do not fit: ${misfit}`)
  return parts.join('; ')
}
