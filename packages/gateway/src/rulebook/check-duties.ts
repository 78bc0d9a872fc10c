import type { DutyConflict } from '../model/duty.ts'
import type { Problem } from '../model/rulebook.ts'
import { isOnSide } from '../policy/duties.ts'
import { type ApprovalNames, unknownName } from './approval-names.ts'
import { placeOf } from './duty-sides.ts'
import { type Flaw, problemAt, type Site } from './flaw.ts'
import type { DutyForm } from './reviews-form.ts'

const sides = ['left', 'right'] as const

/** What is wrong with duty rules by themselves: what is never asked, could be read in two ways, or binds nobody. */
export function* dutyFlaws(
  forms: readonly DutyForm[],
  { functions }: Pick<ApprovalNames, 'functions'>,
): Generator<Flaw> {
  const taken = new Set<string>()
  for (const [index, form] of forms.entries()) {
    const path = ['duties', index]
    if (taken.has(form.id)) {
      yield { path: [...path, 'id'], message: `Another rule is called \`${form.id}\`.` }
    }
    taken.add(form.id)
    for (const flaw of [...shapeFlaws(form), ...sideFlaws(form, functions)]) {
      yield { ...flaw, path: [...path, ...flaw.path] }
    }
  }
}

function* shapeFlaws({ effect, approvers, object, for: forMs, exempt }: DutyForm): Generator<Flaw> {
  if (!object && forMs !== undefined) {
    yield { path: ['for'], message: 'Without `object` it is about what is held, not about when.' }
  }
  if (!object && effect === 'approve') {
    const hint = 'Write `deny` with `exempt`, or `flag`, or name an `object`.'
    yield { path: ['effect'], message: 'Only single calls can be approved.', hint }
  }
  if (effect === 'approve' && approvers.length === 0) {
    yield {
      path: ['effect'],
      message: 'Nobody is named who could approve.',
      hint: 'Add `approvers`.',
    }
  }
  if (effect !== 'approve' && approvers.length > 0) {
    yield { path: ['approvers'], message: `With \`${effect}\` nobody is asked.` }
  }
  for (const side of sides) {
    const place = object && placeOf(object[side])
    if (place && 'problem' in place) yield { path: ['object', side], message: place.problem }
  }
  for (const [index, one] of exempt.entries()) {
    if (exempt.indexOf(one) < index) {
      yield { path: ['exempt', index], message: `\`${one.slice(0, 100)}\` stands here twice.` }
    }
  }
}

function* sideFlaws(form: DutyForm, functions: readonly string[] | undefined): Generator<Flaw> {
  if (!functions) return
  for (const side of sides) {
    for (const [index, pattern] of form[side].entries()) {
      if (functions.some((id) => isOnSide([pattern], id))) continue
      const message = pattern.endsWith('*') ? 'Nothing is covered by' : 'There is no function'
      yield { path: [side, index], ...unknownName(message, pattern, functions) }
    }
  }
  const both = functions.find((id) => isOnSide(form.left, id) && isOnSide(form.right, id))
  if (both === undefined) return
  const hint =
    'Who may call it would be in conflict with themselves: name the functions of one side.'
  yield { path: ['right'], message: `\`${both}\` is on both sides.`, hint }
}

/** What somebody would hold against a rule without an object: a problem where it denies, a warning where it flags. */
export function conflictsAt(
  { site, duties }: { readonly site?: Site; readonly duties: readonly string[] },
  conflicts: readonly DutyConflict[],
): { readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] } {
  if (!site) return { problems: [], warnings: [] }
  const told = conflicts.map((conflict) => {
    const { rule, subject, left, right } = conflict
    const grants = `${some(left)} and ${some(right)}`
    const message = `${named(subject)} has both sides of \`${rule.id}\`: ${grants}.`
    const hint = 'Narrow one of the grants, or name who is meant under `exempt`.'
    const path = ['duties', duties.indexOf(rule.id)]
    return { rule, problem: problemAt(site, { path, message, hint }) }
  })
  return {
    problems: told.filter(({ rule }) => rule.effect !== 'flag').map(({ problem }) => problem),
    warnings: told.filter(({ rule }) => rule.effect === 'flag').map(({ problem }) => problem),
  }
}

function named(subject: DutyConflict['subject']): string {
  if (subject.kind === 'everybody') return 'Everybody'
  return subject.kind === 'person' ? `\`${subject.id}\`` : `Whoever is in \`${subject.group}\``
}

function some(ids: readonly string[]): string {
  const more = ids.length > 3 ? ` and ${ids.length - 3} more` : ''
  return `${ids.slice(0, 3).join(', ')}${more}`
}
