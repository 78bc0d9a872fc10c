import type { Question } from '../model/decision.ts'
import type { FunctionDefinition } from '../model/function.ts'
import { cedarComplaints, cedarPolicy } from './cedar.ts'
import { contextOf, readArguments } from './context.ts'
import { compileExpression, type Evaluate, type Request } from './expression.ts'
import { tooNested } from './nesting.ts'
import { collectReads, noReads, type Reads } from './reads.ts'
import { argumentTypes, cedarSchema } from './schema.ts'

/** Whether the constraint is true of the call asked about. Never throws: what cannot be evaluated is not true. */
type Constraint = (question: Question) => boolean

type CompiledConstraint = {
  readonly holds: Constraint
  readonly reads: Reads
  /** Every attribute, and every text, that it mentions anywhere. */
  readonly names: ReadonlySet<string>
}

/**
 * Makes one Cedar expression over a function's arguments, such as `context.args.amount <= 100`, ready to be asked,
 * or says in a sentence why it is none. The text may come from a caller and is shown to the people who approve it:
 * it is one line of what can be seen, one expression and nothing else, bounded before Cedar reads it, and it reads
 * `context.args`, `context.session` and `context.time` only, so that it says nothing about who calls.
 */
export function compileConstraint(
  fn: FunctionDefinition,
  text: string,
): CompiledConstraint | { readonly problem: string } {
  const unfit = textProblem(text)
  if (unfit !== undefined) return { problem: unfit }
  const policy = policyAround(fn, text)
  const read = cedarPolicy(policy)
  if (!('policy' in read)) return { problem: notOne }
  const { conditions, annotations } = read.policy
  const [condition, ...more] = conditions
  // A text that closes the clause and opens another has to be balanced as well, and would be two.
  if (!condition || more.length > 0 || condition.kind !== 'when') return { problem: notOne }
  if (Object.keys(annotations ?? {}).length > 0) return { problem: notOne }
  const reads = noReads()
  collectReads(read.policy, reads)
  const foreign = foreignRead(condition.body, reads)
  if (foreign !== undefined) return { problem: foreign }
  const [complaint] = cedarComplaints({ [name]: policy }, cedarSchema([fn]))
  if (complaint)
    return {
      problem: `The expression does not fit the function: ${complaint.message.slice(0, 300)}.`,
    }
  // What only Cedar itself could evaluate is refused: it would keep every text it was ever given.
  const evaluate = compileExpression(condition.body)
  if (!evaluate) return { problem: 'The expression uses something that no constraint can use.' }
  return { holds: asked(fn, evaluate, reads), reads, names: new Set(namesIn(condition.body)) }
}

/** As `conditionChars` of config/limits.ts, which is above this room. */
const charsMax = 300
const nesting = { brackets: 10, links: 100 }
const name = 'constraint'
const notOne = 'This is not one Cedar expression.'

/** What can be seen to be wrong before Cedar reads it. */
function textProblem(text: string): string | undefined {
  if (text.trim() === '') return 'The expression is empty.'
  if (text.length > charsMax) return `The expression is longer than ${charsMax} characters.`
  if (!/^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(text)) {
    return 'The expression has characters that cannot be seen, or more than one line.'
  }
  if (tooNested(text, nesting)) return 'The expression is too deep, or has too many parts.'
  return isBalanced(text) ? undefined : notOne
}

/** Closes what it opens and nothing else, has no comment and ends no policy. */
function isBalanced(text: string): boolean {
  const open: string[] = []
  for (const [token] of text.matchAll(/"(?:\\.|[^"\\])*"|\/\/|\S/g)) {
    if (token === '//' || token === '"' || token === ';' || token === '@') return false
    const closing = pairs.get(token)
    if (closing !== undefined) open.push(closing)
    else if (/[)\]}]/.test(token) && token.length === 1 && open.pop() !== token) return false
  }
  return open.length === 0
}

const pairs: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
])

/** Brackets of our own, so that what stands between them is an expression or nothing is. */
function policyAround(fn: FunctionDefinition, text: string): string {
  return `permit (principal, action == Action::${JSON.stringify(fn.id)}, resource) when { (${text}) };`
}

const readable = ['args', 'session', 'time']
const notReadable =
  'A constraint reads context.args, context.session and context.time, and nothing else.'

/** `body` in Cedar's JSON form: who calls, which function, and entities by name are none of its business. */
function foreignRead(body: unknown, reads: Reads): string | undefined {
  if (reads.whole || [...reads.below.keys()].some((one) => !readable.includes(one))) {
    return notReadable
  }
  return namesEntity(body) ? notReadable : undefined
}

function namesEntity(json: unknown): boolean {
  if (Array.isArray(json)) return json.some(namesEntity)
  if (typeof json !== 'object' || json === null) return false
  return Object.entries(json).some(([key, value]) => {
    if (key === '__entity' || key === 'Slot') return true
    return key === 'Var' ? value !== 'context' : namesEntity(value)
  })
}

function* namesIn(json: unknown): Generator<string> {
  if (typeof json === 'string') yield json
  if (typeof json !== 'object' || json === null) return
  for (const [key, value] of Object.entries(json)) {
    yield key
    yield* namesIn(value)
  }
}

function asked(fn: FunctionDefinition, evaluate: Evaluate, reads: Reads): Constraint {
  const types = argumentTypes(fn)
  return (question) => {
    if (question.functionId !== fn.id) return false
    try {
      const args = readArguments(question, { types, reads }).value
      const nobody = { onBehalfOf: undefined, actor: undefined, approvedBy: [] }
      const context = contextOf(question, { reads, args, ...nobody })
      return evaluate({ ...anyone, context }) === true
    } catch {
      return false
    }
  }
}

/** The rest of a request, which no constraint reads. */
const anyone: Omit<Request, 'context'> = {
  principal: { kind: 'entity', type: '', id: '' },
  action: { kind: 'entity', type: '', id: '' },
  resource: { kind: 'entity', type: '', id: '' },
  isInside: () => false,
}
