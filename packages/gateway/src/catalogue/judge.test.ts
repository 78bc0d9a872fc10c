import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DescribedOperation } from '../model/described-operation.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { FunctionHold } from '../model/function-hold.ts'
import { changesAfter, type Described, departure } from './judge.ts'

const operation = 'GET /a'

function fn(id: string, registered?: string, where = operation): FunctionDefinition {
  const [connection = ''] = id.split('.')
  const [method = '', path = ''] = where.split(' ')
  return {
    ...{ id, connection, purpose: 'p', owner: 'o', sensitivity: 'public', risk: 'low' },
    ...{ idempotent: true, deferrable: false, payloads: 'kept', digest: 'sha256:fn' },
    http: { method, path, places: {}, body: 'none' },
    argumentSchema: {},
    argumentMasks: [],
    resultMasks: [],
    ...(registered !== undefined && { source: { operation: where, digest: registered } }),
  } as const
}

const one = (digest: string, where = operation, name = 'a'): DescribedOperation => ({
  ...{ operation: where, name, digest },
  text: JSON.stringify({ operation: where, digest }),
})
const describedAs = (...operations: readonly DescribedOperation[]): Described =>
  new Map(operations.map((it) => [it.operation, it]))

const quarantined: FunctionHold = {
  ...{ function: 'up.a', connection: 'up', state: 'quarantined', why: 'drift' },
  ...{ registered: 'd1', found: 'd2', registeredText: 'r', foundText: 'f', since: 1, revision: 1 },
} as const
const accepted = { by: 'corp:ann', at: 2, note: 'fine' }

type Row = {
  readonly functions?: readonly FunctionDefinition[]
  readonly described?: Described
  readonly hold?: FunctionHold
  /** Each change as `function state why found`, and `by itself` where the gateway ends it. */
  readonly changes: readonly string[]
}

const rows: Readonly<Record<string, Row>> = {
  'as registered': { described: describedAs(one('d1')), changes: [] },
  'described otherwise': {
    described: describedAs(one('d2')),
    changes: ['up.a quarantined drift d2'],
  },
  'described no longer': { described: describedAs(), changes: ['up.a quarantined gone '] },
  'not read yet': { changes: [] },
  'written by hand': { functions: [fn('up.a')], described: describedAs(one('d2')), changes: [] },
  'held already for this': { hold: quarantined, described: describedAs(one('d2')), changes: [] },
  'held for this, as it was put back from the log: without its words': {
    hold: { ...quarantined, foundText: '' },
    described: describedAs(one('d2')),
    changes: ['up.a quarantined drift d2'],
  },
  'held, and something else again': {
    hold: quarantined,
    described: describedAs(one('d3')),
    changes: ['up.a quarantined drift d3'],
  },
  'held, and as registered again: people still have to look': {
    hold: quarantined,
    described: describedAs(one('d1')),
    changes: ['up.a quarantined drift d1'],
  },
  'held, and registered anew exactly so': {
    functions: [fn('up.a', 'd2')],
    hold: quarantined,
    described: describedAs(one('d2')),
    changes: ['up.a accepted drift d2 by itself'],
  },
  'held, and registered anew as something that was not found yet': {
    functions: [fn('up.a', 'd3')],
    hold: quarantined,
    described: describedAs(one('d3')),
    changes: ['up.a quarantined drift d3', 'up.a accepted drift d3 by itself'],
  },
  accepted: {
    hold: { ...quarantined, state: 'accepted', accepted },
    described: describedAs(one('d2')),
    changes: [],
  },
  'accepted in place of something that is registered no longer': {
    functions: [fn('up.a', 'd3')],
    hold: { ...quarantined, state: 'accepted', accepted },
    described: describedAs(one('d2')),
    changes: ['up.a quarantined drift d2'],
  },
  'ended by itself, and registered as before again': {
    hold: { ...quarantined, state: 'accepted', accepted: { ...accepted, by: 'gateway:catalogue' } },
    described: describedAs(one('d2')),
    changes: ['up.a quarantined drift d2'],
  },
  'accepted, and something else again': {
    hold: { ...quarantined, state: 'accepted', accepted },
    described: describedAs(one('d3')),
    changes: ['up.a quarantined drift d3'],
  },
  'an operation nobody registered': {
    described: describedAs(one('d1'), one('n', 'POST /b', 'b')),
    changes: ['up.b quarantined new n'],
  },
  'one that a function without a source stands for': {
    functions: [fn('up.x')],
    described: describedAs(one('d1')),
    changes: [],
  },
  'one that has the name of another function: that is not stopped': {
    functions: [fn('up.a', 'd1'), fn('up.b', undefined, 'GET /elsewhere')],
    described: describedAs(one('d1'), one('n', 'POST /b', 'b')),
    changes: [],
  },
  'a new one is described no longer': {
    hold: { ...quarantined, function: 'up.b', why: 'new', registered: '' },
    described: describedAs(one('d1')),
    changes: ['up.b accepted new d2 by itself'],
  },
  'a new one was registered': {
    hold: { ...quarantined, why: 'new', registered: '', found: 'd1' },
    described: describedAs(one('d1')),
    changes: ['up.a accepted new d1 by itself'],
  },
  'a new one was registered, as something else': {
    hold: { ...quarantined, why: 'new', registered: '' },
    described: describedAs(one('d2')),
    changes: ['up.a quarantined drift d2'],
  },
  'a new one was written by hand': {
    functions: [fn('up.a')],
    hold: { ...quarantined, why: 'new', registered: '' },
    changes: ['up.a accepted new d2 by itself'],
  },
}

test('what follows from a look', async (t) => {
  for (const [name, row] of Object.entries(rows)) {
    await t.test(name, () => {
      const { functions = [fn('up.a', 'd1')], described, hold } = row
      const changes = changesAfter({
        ...{ connection: 'up', functions, described, now: 9, newMax: 10, textOf: () => '' },
        holds: new Map(hold && [[hold.function, hold]]),
      })
      const said = changes.map(({ hold, ended, expectedRevision }) => {
        assert.equal(hold.revision, expectedRevision + 1)
        return `${hold.function} ${hold.state} ${hold.why} ${hold.found}${ended ? ' by itself' : ''}`
      })
      assert.deepEqual(said, row.changes)
    })
  }
})

test('a flood of new operations is written down so far and no further', () => {
  const flood = Array.from({ length: 50 }, (_, at) => one(`n${at}`, `GET /n${at}`, `n${at}`))
  const holds = new Map<string, FunctionHold>()
  const look = (described: Described) =>
    changesAfter({
      ...{
        connection: 'up',
        functions: [],
        described,
        holds,
        now: 1,
        newMax: 10,
        textOf: () => '',
      },
    })
  const first = look(describedAs(...flood))
  assert.equal(first.length, 10)
  for (const { hold } of first) holds.set(hold.function, hold)
  const others = flood.map((it) => ({ ...it, operation: `${it.operation}x`, name: `${it.name}x` }))
  const begun = look(describedAs(...flood, ...others)).filter(({ ended }) => !ended)
  assert.deepEqual(begun, [])
})

test('the description that was registered is there to compare with, wherever it was seen', () => {
  const text = (given: { hold?: FunctionHold; known?: string }) => {
    const [change] = changesAfter({
      ...{ connection: 'up', functions: [fn('up.a', 'd1')], described: describedAs(one('d3')) },
      ...{ now: 1, newMax: 10, textOf: () => given.known ?? '' },
      holds: new Map(given.hold && [['up.a', given.hold]]),
    })
    return change?.hold.registeredText
  }
  assert.equal(text({ known: 'kept' }), 'kept')
  assert.equal(text({ hold: { ...quarantined, found: 'd1', foundText: 'found' } }), 'found')
  assert.equal(text({ hold: { ...quarantined, registeredText: 'held' } }), 'held')
  assert.equal(text({}), '')
})

/**
 * Whatever an upstream says and in whatever order people accept and register: what may be called is what is
 * registered, or what somebody accepted in place of it; and a quarantine ends by what people do, never by what the
 * upstream does.
 */
test('no order of events lets a function be what nobody agreed to', () => {
  const digest = fc.constantFrom('d1', 'd2', 'd3')
  const event = fc.oneof(
    fc.record({ kind: fc.constant('says' as const), what: fc.option(digest, { nil: '' }) }),
    fc.record({ kind: fc.constant('registers' as const), what: digest }),
    fc.record({ kind: fc.constant('accepts' as const), what: fc.constant('') }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      let [registered, said] = ['d1', 'd1']
      let hold: FunctionHold | undefined
      const agreed = new Set<string>()
      for (const { kind, what } of events) {
        const wasHeld = hold?.state === 'quarantined'
        if (kind === 'says') said = what
        if (kind === 'registers') registered = what
        if (kind === 'accepts' && hold?.state === 'quarantined') {
          agreed.add(`${hold.registered} ${hold.found}`)
          hold = { ...hold, state: 'accepted', accepted, revision: hold.revision + 1 }
        }
        const described = describedAs(...(said === '' ? [] : [one(said)]))
        const definition = fn('up.a', registered)
        const looked = {
          ...{ connection: 'up', functions: [definition], described, now: 1, newMax: 10 },
          ...{ holds: new Map(hold && [['up.a', hold]]), textOf: () => '' },
        }
        for (const change of changesAfter(looked)) {
          assert.equal(change.expectedRevision, hold?.revision ?? 0)
          // As the verifier reads the log: nothing ends that was not found.
          if (change.ended) assert.equal(change.hold.found, hold?.found)
          hold = change.hold
        }
        const isCallable =
          hold?.state !== 'quarantined' && departure(definition, described, hold) === undefined
        const isAgreed = said === registered || agreed.has(`${registered} ${said}`)
        assert.ok(!isCallable || isAgreed, 'called, and nobody agreed')
        if (wasHeld && kind === 'says') assert.ok(!isCallable, 'the upstream freed itself')
        if (said === registered && !wasHeld && kind === 'says') assert.ok(isCallable)
        const again = changesAfter({ ...looked, holds: new Map(hold && [['up.a', hold]]) })
        assert.deepEqual(again, [], 'a second look finds nothing more to write')
      }
    }),
  )
})
