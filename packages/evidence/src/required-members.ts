import type { RecordDraft } from './record.ts'

const afterIntent = ['call', 'session', 'intent']

/** Types are a promise of the compiler: an absent member would go unnoticed into the log. */
export const required: Readonly<Record<RecordDraft['type'], readonly string[]>> = {
  'call.authorized': ['call', 'masked', 'approvals'],
  'call.denied': ['call', 'code', 'stage'],
  'call.outcome': [...afterIntent, 'ending', 'status', 'masked'],
  'call.chunk': afterIntent,
  'reconcile.indeterminate': [...afterIntent, 'reason'],
  'approval.requested': [
    'approval',
    'call',
    'session',
    'fn',
    'groups',
    'digest',
    'rules',
    'decideBy',
  ],
  'approval.decided': ['approval', 'by', 'group', 'verdict', 'state', 'digest'],
  'approval.closed': ['approval', 'state'],
  'approval.claimed': ['approval', 'call', 'digest'],
  'rulebook.activated': ['digest', 'previous', 'by'],
  'key.issued': ['key', 'name', 'scope', 'expires', 'by'],
  'key.revoked': ['key', 'by'],
  'admin.signed-in': ['by', 'method'],
  'principal.locked': ['principal', 'reason', 'by'],
  'principal.unlocked': ['principal', 'by'],
  'payload.read': ['record', 'role', 'by'],
  'session.opened': ['session', 'parties'],
  'erasure.requested': ['erasure', 'record', 'roles', 'reason', 'by'],
  'payload.erased': ['erasure', 'record', 'roles', 'requestedBy', 'by'],
  'payload.expired': ['class', 'period', 'records'],
  'evidence.exported': ['by', 'scope', 'from', 'to', 'payloads'],
  'log.genesis': ['origin', 'key'],
  'key.rotated': ['key', 'previous', 'by'],
  heartbeat: ['elapsed', 'interval'],
  'emitter.start': ['version'],
  'emitter.stop': [],
  'outage.ended': ['from', 'reason'],
  'log.recovered': ['kept', 'size'],
}
