import { durationText } from '../config/duration.ts'
import type { ApprovalFlow, ApprovalRules } from '../model/approval-rules.ts'
import { type ApprovalNames, channelFlaws, unknownName } from './approval-names.ts'
import type { FlowForm } from './approvals-form.ts'
import { peopleIn } from './check-people.ts'
import type { Flaw } from './flaw.ts'

/** What is wrong with the flows: what could be read in two ways, can never be approved, or is never asked. */
export function* flowFlaws(
  forms: Readonly<Record<string, FlowForm>>,
  rules: ApprovalRules,
  names: ApprovalNames,
): Generator<Flaw> {
  const { approverGroups } = names
  for (const flow of Object.values(rules.flows)) {
    const path = ['flows', flow.group]
    const form = forms[flow.group]
    if (!form) continue
    // A misspelt name would leave the group that is meant with the default, which asks for less.
    if (approverGroups && !approverGroups.includes(flow.group)) {
      yield { path, ...unknownName('No policy has @approval with', flow.group, approverGroups) }
    }
    yield* channelFlaws(flow.notify, path, names)
    for (const flaw of [...offerFlaws(form), ...stepFlaws(flow, rules)]) {
      yield { ...flaw, path: [...path, ...flaw.path] }
    }
  }
}

function* offerFlaws({
  offers,
  uses,
  for: forMs,
  slackDecides,
  notify,
}: FlowForm): Generator<Flaw> {
  if (new Set(offers).size < offers.length)
    yield { path: ['offers'], message: 'One stands here twice.' }
  if (!offers.includes('call')) {
    const message = 'Exactly one call can always be asked for.'
    yield { path: ['offers'], message, hint: 'Add `call`.' }
  }
  const bounded = offers.some((one) => one !== 'call')
  for (const [key, value] of [['uses', uses] as const, ['for', forMs] as const]) {
    if (bounded && value === undefined) {
      const message = `\`${key}\` has to say how much of a window or a session may be asked for.`
      yield { path: ['offers'], message }
    }
    if (!bounded && value !== undefined) {
      yield {
        path: [key],
        message: `\`${key}\` bounds a window or a session, and neither is offered.`,
      }
    }
  }
  if (slackDecides && notify.length === 0) {
    yield { path: ['slackDecides'], message: 'Nobody is told on Slack.', hint: 'Add `notify`.' }
  }
}

function* stepFlaws(flow: ApprovalFlow, rules: ApprovalRules): Generator<Flaw> {
  const named = new Set<string>()
  const all = new Set<string>()
  let places = 0
  let known = true
  for (const [index, step] of flow.steps.entries()) {
    const path = ['steps', index]
    if (named.has(step.name)) {
      const message = `Another step is called \`${step.name}\`.`
      yield { path: [...path, 'name'], message, hint: 'Give it a `name` of its own.' }
    }
    named.add(step.name)
    for (const flaw of ladderFlaws(step, flow.decideByMs)) {
      yield { ...flaw, path: [...path, ...flaw.path] }
    }
    const groups = [...step.groups, ...step.escalation.flatMap((rung) => rung.groups)]
    const people = peopleIn(rules, groups)
    if (people && people.size < step.quorum) {
      const message = `${step.quorum} different people are asked for, and only ${people.size} may.`
      yield { path: [...path, 'quorum'], message, hint: 'Nobody could ever approve.' }
    }
    places += step.quorum
    known &&= people !== undefined
    for (const one of people ?? []) all.add(one)
  }
  if (known && flow.steps.length > 1 && all.size < places) {
    const message = `All steps together ask for ${places} different people, and only ${all.size} may.`
    yield { path: ['steps'], message, hint: 'One person fills one place, in one step.' }
  }
}

type Step = ApprovalFlow['steps'][number]

function* ladderFlaws(step: Step, decideByMs: number | undefined): Generator<Flaw> {
  const there = new Set<string>()
  const twice = function* (groups: readonly string[], path: Flaw['path']): Generator<Flaw> {
    for (const [index, group] of groups.entries()) {
      if (there.has(group)) {
        yield { path: [...path, index], message: `\`${group}\` may vote in this step already.` }
      }
      there.add(group)
    }
  }
  yield* twice(step.groups, ['groups'])
  let before = 0
  for (const [index, { afterMs, groups }] of step.escalation.entries()) {
    const path = ['escalate', index]
    if (afterMs <= before) {
      yield { path: [...path, 'after'], message: 'Each rung comes later than the one before it.' }
    }
    if (decideByMs !== undefined && afterMs >= decideByMs) {
      const message = `It is over after ${durationText(decideByMs)}: this rung is never reached.`
      yield { path: [...path, 'after'], message }
    }
    before = afterMs
    yield* twice(groups, [...path, 'groups'])
  }
}
