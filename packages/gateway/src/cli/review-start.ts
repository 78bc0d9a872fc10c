import type { Risk } from '../admin/grant-contract.ts'
import type {
  CampaignAsked,
  CampaignPreview,
  CampaignScope,
  CampaignStarted,
  ReviewerRule,
} from '../admin/review-contract.ts'
import { signedInApi } from './api.ts'
import { durationMs } from './declare.ts'
import { Failure } from './exit.ts'
import { err, type Format, say, tellOne } from './output.ts'
import { campaignLines } from './review-lines.ts'
import { marks } from './style.ts'
import { visible } from './visible.ts'

type StartOptions = {
  readonly adminUrl?: string
  readonly output: Format
  readonly name: string
  readonly function?: readonly string[]
  readonly owner?: readonly string[]
  readonly risk?: readonly string[]
  readonly grant?: readonly string[]
  readonly staleWithin?: number
  readonly reviewer?: readonly string[]
  readonly due: number
  readonly grace?: number
  readonly opens: number
  readonly remind?: readonly string[]
  readonly unanswered: NonNullable<CampaignAsked['no_response']>
  readonly justify: NonNullable<CampaignAsked['justification']>
  readonly twoLevels?: true
  readonly every?: string
  readonly dryRun?: true
}

/** `sallyport reviews start`. */
export async function start(options: StartOptions): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const started: CampaignStarted = await api.post('/reviews', askedBy(options, Date.now()))
  tellOne(started, options.output, () =>
    started.campaign
      ? campaignLines(started.campaign)
      : started.preview
        ? previewLines(started.preview)
        : [],
  )
  if (started.campaign) say(`${err.green(marks.ok)} ${visible(started.campaign.id)} is open.`)
}

function askedBy(options: StartOptions, now: number): CampaignAsked {
  const { name, due, opens, every, remind } = options
  const dueAt = now + opens + due
  return {
    name,
    scope: scopeOf(options, now),
    reviewers: (options.reviewer ?? ['owner', 'function-owner']).map(readReviewer),
    due_at: iso(dueAt),
    grace_until: iso(dueAt + (options.grace ?? graceMs)),
    no_response: options.unanswered,
    justification: options.justify,
    ...(opens > 0 && { opens_at: iso(now + opens) }),
    ...(options.twoLevels && { levels: 2 }),
    ...(every !== undefined && { recurrence: every }),
    ...(remind && { reminders: remind.map(durationMs) }),
    ...(options.dryRun && { dry_run: true }),
  }
}

function scopeOf(options: StartOptions, now: number): CampaignScope {
  const { function: functions, owner, risk, grant, staleWithin } = options
  return {
    ...(functions && { functions: [...functions] }),
    ...(owner && { owners: [...owner] }),
    ...(risk && { risks: risk.map(readRisk) }),
    ...(grant && { grants: [...grant] }),
    ...(staleWithin !== undefined && { stale_before: iso(now + staleWithin) }),
  }
}

function readRisk(text: string): Risk {
  const found = risks.find((one) => one === text)
  if (found) return found
  throw new Failure('usage', `--risk ${text} is none.`, { cure: `One of ${risks.join(', ')}.` })
}

/** `owner`, `function-owner`, `group:<name>` or `person:<party>`. */
export function readReviewer(text: string): ReviewerRule {
  if (text === 'owner' || text === 'function-owner') return { kind: text }
  const [, kind, name = ''] = /^(group|person):(.+)$/.exec(text) ?? []
  if (kind === 'group') return { kind: 'groups', groups: [name] }
  if (kind === 'person') return { kind: 'people', people: [name] }
  throw new Failure('usage', `${text} names no reviewer.`, {
    cure: 'Write owner, function-owner, group:<name> or person:<party>.',
  })
}

function previewLines({ count, excluded, grants, nobody }: CampaignPreview): readonly string[] {
  return [
    `It would ask about ${count} grants and leave out ${excluded}.`,
    ...grants.map(({ grant, tier, reviewers }) =>
      visible(`  ${grant} (${tier}): ${reviewers.join(', ')}`),
    ),
    ...nobody.map((grant) => visible(`  ! ${grant}: nobody is left to review it`)),
  ]
}

function iso(at: number): string {
  return new Date(at).toISOString()
}

/** Where nothing else is asked for. */
const graceMs = 7 * 86_400_000
const risks: readonly Risk[] = ['low', 'medium', 'high', 'critical']
