import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guessMediaType } from './guess-media-type.ts'

const texts: readonly (readonly [text: string, mediaType: string])[] = [
  ['', 'text/plain'],
  ['To Nora, who paid.\nAnd to others, who did not.', 'text/plain'],
  ['{"a":1}', 'application/json'],
  ['{"a":1} and more', 'text/plain'],
  ['{"a":1}\n{"a":2}\n', 'application/x-ndjson'],
  ['{"a":1}\nand more\n', 'text/plain'],
  ['data: a\n\n', 'text/event-stream'],
  ['event: x\r\nid: 1\r\ndata: {"a":1}\r\n\r\n: ping\r\n\r\n', 'text/event-stream'],
  ['event: x\n', 'text/plain'],
  ['data: a\nand more\n', 'text/plain'],
  ['name,ssn\nAda,536-22-8716\n"B, C",\n', 'text/csv'],
  ['name,ssn\n', 'text/plain'],
  ['name,ssn\nAda\n', 'text/plain'],
  ['Dear Nora, good day\nfoo, bar', 'text/plain'],
  ['a=1&b=x%20y', 'application/x-www-form-urlencoded'],
  ['a=1', 'text/plain'],
  ['a=1&b=x y', 'text/plain'],
  ['<!DOCTYPE html><p>x', 'text/html'],
  ['\n<html lang="en">', 'text/html'],
  ['<?xml version="1.0"?><a/>', 'application/xml'],
  ['<nora@example.org>', 'text/plain'],
  ['--b1\r\nA: b\r\n\r\nx\r\n--b1--\r\n', 'multipart/form-data; boundary="b1"'],
  ['--b1\nx\n', 'text/plain'],
]
for (const [text, mediaType] of texts) {
  test(`${JSON.stringify(text)} is read as ${mediaType}`, () => {
    assert.equal(guessMediaType(text), mediaType)
  })
}
