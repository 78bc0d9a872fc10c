import type { CallDetail } from '../admin/contract.ts'
import { endingOf, paintEnding, tookOf, whoOf } from './call-line.ts'
import { out } from './output.ts'
import { between, lengthOf, moment } from './times.ts'
import { visible } from './visible.ts'

/** One call of a replay as lines, and how long after the previous one it began, milliseconds. */
export type ReplayStep = { readonly lines: readonly string[]; readonly afterMs: number }

/** Who, how many calls, from when to when. */
export function replayTitle(id: string, calls: readonly CallDetail[]): string[] {
  const [first] = calls
  const last = calls.at(-1)
  if (!first || !last) return [`${visible(id)}: no calls`]
  const length = lengthOf(between(first.started_at, last.ended_at ?? last.started_at))
  const count = `${calls.length} call${calls.length === 1 ? '' : 's'}`
  return [
    out.bold(visible(id)),
    visible(`  ${whoOf(first)} · ${count} · from ${moment(first.started_at)} UTC · ${length}`),
  ]
}

/** A gap longer than this is folded into one line. */
const idleMs = 30_000

export function replaySteps(calls: readonly CallDetail[]): ReplayStep[] {
  const [first] = calls
  if (!first) return []
  const asked = questionsOf(calls)
  return calls.map((call, at) => {
    const before = calls[at - 1]
    const afterMs = before ? Math.max(0, between(before.started_at, call.started_at)) : 0
    const since = before ? between(before.ended_at ?? before.started_at, call.started_at) : 0
    const idle = since > idleMs ? [out.dim(`   ··· ${lengthOf(since)} of nothing ···`)] : []
    const sinceStart = between(first.started_at, call.started_at)
    return { afterMs, lines: [...idle, ...callLines(call, { sinceStart, asked })] }
  })
}

type Question = { readonly at: string; readonly groups: string }

/** When each approval was asked for: often by an earlier call than the one it released. */
function questionsOf(calls: readonly CallDetail[]): ReadonlyMap<string, Question> {
  const asked = new Map<string, Question>()
  for (const { leaves } of calls) {
    for (const { type, time, leaf } of leaves) {
      if (type !== 'approval.requested' || typeof leaf.approval !== 'string') continue
      asked.set(leaf.approval, { at: time, groups: textsOf(leaf.groups).join(' and ') })
    }
  }
  return asked
}

function callLines(
  call: CallDetail,
  about: { readonly sinceStart: number; readonly asked: ReadonlyMap<string, Question> },
): string[] {
  const ending = paintEnding(visible(endingOf(call)).padEnd(18))
  const status = call.status === null ? '' : `status ${call.status}`
  const took = tookOf(call) === '' ? '' : `took ${tookOf(call)}`
  const told = [status, took].filter((one) => one !== '').join(', ')
  const name = visible(call.function ?? 'a function nobody knows')
  const detail = (label: string, text: string) =>
    `              ${out.dim(label.padEnd(9))} ${visible(text)}`
  return [
    '',
    `${`+${lengthOf(about.sinceStart)}`.padStart(10)}  ${ending}  ${out.bold(name)}  ${out.dim(told)}`,
    detail('who', whoOf(call)),
    detail('decision', decisionOf(call)),
    ...(call.labels.length === 0 ? [] : [detail('session', `labelled ${call.labels.join(', ')}`)]),
    ...call.masked.map(({ rule, path, how, count }) =>
      detail('masked', `${count} × ${path} by ${rule} (${how})`),
    ),
    ...approvalText(call, about.asked).map((text) => detail('approval', text)),
    detail('record', `${call.id} · ${call.records.map((index) => `#${index}`).join(' ')}`),
  ]
}

function decisionOf(call: CallDetail): string {
  const effects: Readonly<Record<string, string>> = {
    allow: 'permitted',
    deny: 'forbidden',
    hold: 'held for approval',
  }
  for (const { leaf } of call.leaves) {
    const effect = memberOf(leaf.decision, 'effect')
    if (typeof effect !== 'string') continue
    const rules = call.rules.join(', ')
    return `${effects[effect] ?? effect}${rules === '' ? ', by no grant' : `: ${rules}`}`
  }
  return 'none: refused before policy was asked'
}

/** Who agreed, and how long the question waited for them. */
function approvalText(call: CallDetail, asked: ReadonlyMap<string, Question>): string[] {
  const head = call.leaves.find(({ type }) => type === 'call.authorized')
  const used = Array.isArray(head?.leaf.approvals) ? head.leaf.approvals : []
  const by = new Map<string, string[]>()
  for (const one of used) {
    const id = memberOf(one, 'id')
    const person = memberOf(one, 'by')
    if (typeof id !== 'string' || typeof person !== 'string') continue
    by.set(id, [...(by.get(id) ?? []), person])
  }
  if (by.size > 0) {
    return [...by].map(([id, people]) => {
      const question = asked.get(id)
      const waited = question && head ? `, held ${lengthOf(between(question.at, head.time))}` : ''
      return `by ${people.join(' and ')}${waited} (${id})`
    })
  }
  if (call.approval === null) return []
  const question = asked.get(call.approval)
  if (!question) return [call.approval]
  const waited = lengthOf(between(question.at, call.ended_at ?? question.at))
  return [`asked of ${question.groups}, waited ${waited} (${call.approval})`]
}

function memberOf(node: unknown, name: string): unknown {
  const isNode = typeof node === 'object' && node !== null && Object.hasOwn(node, name)
  return isNode ? Reflect.get(node, name) : undefined
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}
