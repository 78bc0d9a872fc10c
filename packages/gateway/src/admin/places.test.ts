import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openPlaces } from './places.ts'
import { Refused } from './problem.ts'

test('one person has only so many places, all together have only so many, and each is free again', () => {
  const take = openPlaces({ eventStreams: 3, eventStreamsPerPerson: 2 })
  const full = (party: string) => assert.throws(() => take(party), Refused)
  const first = take('corp:dana')
  take('corp:dana')
  full('corp:dana')
  const other = take('corp:eve')
  full('corp:eve')
  first()
  take('corp:dana')
  full('corp:dana')
  other()
  take('corp:kim')
  full('corp:lee')
})
