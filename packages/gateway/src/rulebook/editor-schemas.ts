import { z } from 'zod'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import { approvalsForm } from './approvals-form.ts'
import { connectionForm } from './connection-form.ts'
import { functionsForm, maskingForm, testsForm } from './forms.ts'
import { reviewsForm } from './reviews-form.ts'

/** JSON Schemas of the six YAML forms, by file name, for editors. Checked in under docs/reference/schema. */
export function rulebookJsonSchemas(): Readonly<Record<string, JsonObject>> {
  return {
    'approvals.schema.json': schemaOf(approvalsForm),
    'connection.schema.json': schemaOf(connectionForm),
    'functions.schema.json': schemaOf(functionsForm),
    'masking.schema.json': schemaOf(maskingForm),
    'reviews.schema.json': schemaOf(reviewsForm),
    'tests.schema.json': schemaOf(testsForm),
  }
}

function schemaOf(form: z.ZodType): JsonObject {
  const made: unknown = z.toJSONSchema(form, { io: 'input' })
  const json: Json = JSON.parse(JSON.stringify(made))
  if (!isJsonObject(json)) throw new TypeError('a form without a JSON Schema')
  return json
}
