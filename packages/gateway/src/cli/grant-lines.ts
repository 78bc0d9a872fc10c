import type {
  FreshnessShown,
  GrantDetail,
  GrantListed,
  GrantUsage,
  Recommendation,
} from '../admin/grant-contract.ts'
import { facts } from './output.ts'
import type { Style } from './style.ts'
import { moment } from './times.ts'
import { visible, visibleLines } from './visible.ts'

/** What commands about grants and reviews say of one. Pure: the style and the moment are given. */

/** `stale since 2026-01-07`, `fresh until 2026-04-01`. */
export function freshnessText({ state, stale_at, lapses_at }: FreshnessShown): string {
  const word = state.toLowerCase().replace('_', ' ')
  if (state === 'STALE' && lapses_at !== null) return `${word}, lapses ${day(lapses_at)}`
  if (state === 'LAPSED' && lapses_at !== null) return `${word} since ${day(lapses_at)}`
  if (stale_at !== null && state !== 'LAPSED' && state !== 'STALE')
    return `${word} until ${day(stale_at)}`
  return word
}

export function paintFreshness(
  text: string,
  { state }: Pick<FreshnessShown, 'state'>,
  style: Style,
): string {
  if (state === 'FRESH' || state === 'EXEMPT') return style.green(text)
  if (state === 'LAPSED' || state === 'REVOKED') return style.red(text)
  return state === 'PROVISIONAL' ? text : style.yellow(text)
}

/** `12 / 40 / 55 calls in 7 / 30 / 90 days`. What nobody counted is unknown, and never none. */
export function usageText({ calls_7, calls_30, calls_90 }: GrantUsage): string {
  const counts = [calls_7, calls_30, calls_90]
  if (counts.every((one) => one === null)) return 'unknown'
  return counts.map((one) => (one === null ? 'unknown' : String(one))).join(' / ')
}

export function lastUsedText({ last_at, calls_90 }: GrantUsage): string {
  if (last_at !== null) return moment(last_at)
  return calls_90 === 0 ? 'not in 90 days' : 'unknown'
}

function recommendationText({ decision, codes }: Recommendation): string {
  return codes.length === 0 ? decision : `${decision} (${codes.join(' ')})`
}

/** All that a reviewer has to look at. */
export function grantLines(grant: GrantDetail, style: Style): readonly string[] {
  const { certification } = grant
  return [
    ...facts([
      ['grant', grant.id],
      ['stands', freshnessText(grant.freshness)],
      ['given to', grant.principal],
      ['why', grant.reason ?? undefined],
      ['owner', grant.owner ?? undefined],
      ['tier', grant.tier],
      ['since', grant.since ?? undefined],
      ['as it is since', grant.content_since ?? undefined],
      ['only these fields', grant.fields?.join(', ')],
      ['only while', grant.when.join(' and ') || undefined],
      ['ends', grant.ends_at ?? grant.expires_at ?? undefined],
      ['certified', certification ? certifiedText(certification) : 'never'],
      ['exempt', agreedText(grant.exemption)],
      ['extended', agreedText(grant.extension)],
      ['revoked', grant.revoked ? revokedText(grant.revoked) : undefined],
      ['waits for a second', proposalText(grant.proposal)],
      ['calls 7/30/90 days', usageText(grant.usage)],
      ['counted since', grant.usage.counted_since ?? 'unknown'],
      ['last used', lastUsedText(grant.usage)],
      ['recommended', recommendationText(grant.recommendation)],
      ['content', grant.content],
    ]),
    '',
    style.bold('Functions'),
    ...listed(grant.functions),
    '',
    style.bold('Seen using it in 90 days'),
    ...(grant.used_by.length === 0
      ? [grant.usage.calls_90 === null ? '  unknown' : '  nobody']
      : grant.used_by.map(userLine)),
    '',
    style.bold('Other ways to the same'),
    ...(grant.other_paths.length === 0
      ? ['  none']
      : grant.other_paths.map((one) => `  ${visible(`${one.grant}: ${one.functions.join(' ')}`)}`)),
    '',
    style.bold('Others who have it too'),
    ...grant.peers.map((one) => `  ${visible(one.function)}: ${one.principals} other principals`),
    ...duties(grant, style),
    '',
    style.bold(visible(`${grant.file}:${grant.line}`)),
    ...visibleLines(grant.text)
      .split('\n')
      .map((line) => `  ${line}`),
  ]
}

function certifiedText({
  by,
  at,
  valid_until,
  decision,
  matches,
  reason,
}: NonNullable<GrantDetail['certification']>): string {
  const still = matches ? `until ${day(valid_until)}` : 'NOT AS IT IS NOW: its content has changed'
  return `${decision} by ${by.join(', ')} on ${day(at)}, ${still}: ${reason}`
}

function agreedText(agreed: GrantDetail['exemption']): string | undefined {
  return agreed
    ? `until ${day(agreed.until)} by ${agreed.by.join(', ')}: ${agreed.reason}`
    : undefined
}

function proposalText(proposal: GrantDetail['proposal']): string | undefined {
  if (!proposal) return undefined
  const { act, by, at, until, decision, when, ends_at, reason } = proposal
  const what = [act, decision, when.join(' and '), ends_at ?? until].filter((one) => one)
  return `${what.join(' ')}, wanted by ${by} at ${moment(at)}: ${reason}`
}

function revokedText({ at, by, reason }: NonNullable<GrantDetail['revoked']>): string {
  return `${moment(at)} by ${by}: ${reason}`
}

function userLine({
  party,
  functions,
  calls_30,
  calls_90,
  last_at,
}: GrantDetail['used_by'][number]): string {
  const counts = `${calls_30} in 30, ${calls_90} in 90 days, last ${moment(last_at)}`
  return `  ${visible(`${party}: ${functions.join(' ')} (${counts})`)}`
}

function duties(grant: GrantDetail, style: Style): readonly string[] {
  if (grant.duties.length === 0) return []
  return [
    '',
    style.bold('Separation of duties'),
    ...grant.duties.map(({ rule, reason }) => style.red(`  ${visible(`${rule}: ${reason}`)}`)),
  ]
}

const listedMax = 40

/** As many as a person reads; how many more there are is said. */
function listed(names: readonly string[]): readonly string[] {
  const shown = names.slice(0, listedMax).map((one) => `  ${visible(one)}`)
  const more = names.length - listedMax
  return more > 0 ? [...shown, `  and ${more} more`] : shown
}

/** `team-pay`, or a dash where nobody is named. */
export function ownerText({ owner }: Pick<GrantListed, 'owner'>): string {
  return owner ?? '-'
}

export function day(iso: string): string {
  return iso.slice(0, 10)
}
