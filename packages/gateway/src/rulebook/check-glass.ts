import type { ApprovalRules } from '../model/approval-rules.ts'
import { type ApprovalNames, channelFlaws, issuerFlaws, unknownName } from './approval-names.ts'
import type { GlassForm } from './approvals-form.ts'
import { peopleIn, personsOf } from './check-people.ts'
import type { Flaw } from './flaw.ts'
import { covers } from './function-pattern.ts'

/** Doing without approval has to be narrow, proved, told and reviewed, or nobody may. */
export function* glassFlaws(
  form: GlassForm,
  rules: ApprovalRules,
  names: ApprovalNames,
): Generator<Flaw> {
  const path = ['breakGlass']
  yield* patternFlaws(form, names)
  yield* channelFlaws(form.notify, path, names)
  if (form.people.length === 0) return
  yield* issuerFlaws(form.people, [...path, 'people'], names)
  const needed: readonly (readonly [keyof GlassForm, string])[] = [
    ['functions', 'Which functions it is for has to be said.'],
    ['notify', 'Somebody has to be told at once.'],
    ['reviewers', 'Somebody else has to look at it afterwards.'],
  ]
  for (const [key, message] of needed) {
    const given = form[key]
    if (Array.isArray(given) && given.length === 0) yield { path: [...path, key], message }
  }
  if (form.acr.length + form.amr.length === 0) {
    const message = 'A sign-in has to prove more than usual.'
    yield { path, message, hint: 'Add `amr: [mfa]`, or the `acr` of your identity provider.' }
  }
  yield* personFlaws(form, rules)
}

function* patternFlaws({ functions }: GlassForm, names: ApprovalNames): Generator<Flaw> {
  const known = names.functions
  for (const [index, pattern] of functions.entries()) {
    const path = ['breakGlass', 'functions', index]
    if (pattern === '*') {
      const message = 'Not everything at once.'
      yield { path, message, hint: 'Name functions, or connections: `payments.*`.' }
    } else if (known && !known.some((id) => covers(pattern, id))) {
      yield { path, ...unknownName('There is no function', pattern, known) }
    }
  }
}

function* personFlaws(form: GlassForm, rules: ApprovalRules): Generator<Flaw> {
  const personOf = personsOf(rules)
  const agents = new Set(rules.people.flatMap((person) => person.agents))
  const reviewers = form.reviewers.length > 0 ? peopleIn(rules, form.reviewers) : undefined
  for (const [index, id] of form.people.entries()) {
    const path = ['breakGlass', 'people', index]
    if (agents.has(id)) yield { path, message: `\`${id}\` is no person.` }
    if (id.startsWith('operator:')) {
      const message = 'An operator key proves no more than itself, so this person never could.'
      yield { path, message, hint: 'Name them as their identity provider does.' }
    }
    if (reviewers && ![...reviewers].some((one) => one !== personOf(id))) {
      const message = `Nobody but \`${id}\` could review it.`
      yield { path: ['breakGlass', 'reviewers'], message }
    }
  }
}
