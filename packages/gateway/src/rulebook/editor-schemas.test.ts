import assert from 'node:assert/strict'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import { rulebookJsonSchemas } from './editor-schemas.ts'

const root = join(import.meta.dirname, '../../../..')
const schemas = rulebookJsonSchemas()

/** The checked-in file is what the forms say. `UPDATE=1` writes it anew. */
function check(name: string): void {
  const file = join(root, 'docs/reference/schema', name)
  const text = `${JSON.stringify(schemas[name], null, 2)}\n`
  if (process.env.UPDATE) writeFileSync(file, text)
  assert.equal(readFileSync(file, 'utf8'), text, `run UPDATE=1 node --test ${import.meta.filename}`)
}

for (const name of Object.keys(schemas)) test(`${name} is current`, () => check(name))

const examples = [
  ['connection.schema.json', 'connections/*.yaml'],
  ['functions.schema.json', 'functions/*.yaml'],
  ['masking.schema.json', 'masking.yaml'],
  ['tests.schema.json', 'tests/*.yaml'],
] as const
for (const [name, pattern] of examples) {
  test(`the demo's ${pattern} fit ${name}`, () => {
    const validate = new Ajv2020({ strict: false, formats: {}, validateFormats: false }).compile(
      schemas[name] ?? {},
    )
    const folder = join(root, 'examples/rulebooks/demo')
    const files = globSync(pattern, { cwd: folder })
    assert.ok(files.length > 0)
    for (const file of files) {
      assert.ok(validate(parse(readFileSync(join(folder, file), 'utf8'))), file)
    }
  })
}
