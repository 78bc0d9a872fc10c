import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isValidIBAN } from 'ibantools'
import { stdnum } from 'stdnum'
import type { Span } from './cell.ts'
import { idRules } from './id-rules.ts'
import { scanCell } from './scan.ts'

type Oracle = { readonly validate: (text: string) => { readonly isValid: boolean } }

/**
 * How our checks relate to stdnum's: the same, or stricter where we also ask for a day that exists, a
 * known province or an office (`narrower`), or wider where stdnum asks for more than form and check.
 */
const oracles: readonly (readonly [
  rule: string,
  oracle: string,
  how: 'same' | 'narrower' | 'wider',
])[] = [
  ['br/cpf', 'BR.cpf', 'same'],
  ['br/cnpj', 'BR.cnpj', 'same'],
  ['ca/sin', 'CA.sin', 'narrower'],
  ['ar/cuit', 'AR.cuit', 'same'],
  ['cl/rut', 'CL.rut', 'same'],
  ['co/nit', 'CO.nit', 'same'],
  ['pe/ruc', 'PE.ruc', 'same'],
  ['ec/cedula', 'EC.ci', 'narrower'],
  ['do/cedula', 'DO.cedula', 'same'],
  ['ve/rif', 'VE.rif', 'same'],
  ['gb/nino', 'GB.nino', 'same'],
  ['gb/utr', 'GB.utr', 'same'],
  ['fr/siret', 'FR.siret', 'same'],
  ['fr/siren', 'FR.siren', 'same'],
  ['fr/nir', 'FR.nir', 'narrower'],
  ['it/vat', 'IT.iva', 'wider'],
  ['es/nie', 'ES.nie', 'same'],
  ['es/cif', 'ES.cif', 'same'],
  ['pt/nif', 'PT.nif', 'same'],
  ['pt/cc', 'PT.cc', 'same'],
  ['no/organisation', 'NO.orgnr', 'same'],
  ['no/account', 'NO.kontonr', 'same'],
  ['se/organisation', 'SE.orgnr', 'narrower'],
  ['is/kennitala', 'IS.kennitala', 'narrower'],
  ['pl/pesel', 'PL.pesel', 'wider'],
  ['pl/nip', 'PL.nip', 'same'],
  ['pl/regon', 'PL.regon', 'same'],
  ['bg/egn', 'BG.egn', 'narrower'],
  ['hr/oib', 'HR.oib', 'same'],
  ['gr/afm', 'GR.vat', 'same'],
  ['gr/amka', 'GR.amka', 'same'],
  ['ua/tax', 'UA.rntrc', 'same'],
  ['ru/inn', 'RU.inn', 'same'],
  ['tr/national', 'TR.tckimlik', 'same'],
  ['tr/vkn', 'TR.vkn', 'same'],
  ['in/aadhaar', 'IN.aadhaar', 'same'],
  ['il/id', 'IL.idnr', 'same'],
  ['th/tin', 'TH.idnr', 'narrower'],
  ['za/id', 'ZA.idnr', 'wider'],
  ['au/acn', 'AU.acn', 'same'],
  ['au/abn', 'AU.abn', 'wider'],
]

/** Texts of a rule's shapes, each with every last character, so that checks are met often. */
function textsOf(rule: string): fc.Arbitrary<string> {
  const shapes = idRules.find((one) => one.rule === rule)?.shapes ?? []
  assert.ok(shapes.length > 0, `${rule} has shapes`)
  const one = (shape: string) => {
    const written = shape.replace(/(.)\{(\d+)\}/g, (_, char, times) => char.repeat(Number(times)))
    const chars = [...written.replace(/[^9A]/g, '')].map((kind) =>
      kind === '9' ? fc.constantFrom(...'0123456789') : fc.constantFrom(...letters),
    )
    return fc.tuple(...chars).map((parts) => parts.join(''))
  }
  return fc.oneof(...shapes.map(([shape]) => one(shape)))
}

function oracleOf(path: string): Oracle {
  const [country = '', name = ''] = path.split('.')
  const oracle = stdnum[country]?.[name]
  assert.ok(oracle, `stdnum knows ${path}`)
  return oracle
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

for (const [name, oracle, how] of oracles) {
  test(`the check of ${name} is ${how === 'same' ? 'that' : `${how} than that`} of stdnum`, () => {
    const rule = idRules.find((one) => one.rule === name)
    const theirsOf = oracleOf(oracle)
    let valid = 0
    fc.assert(
      fc.property(textsOf(name), (text) => {
        const ends = /[A-Z]$/.test(text) ? letters : '0123456789'
        for (const end of ends) {
          const whole = text.slice(0, -1) + end
          const ours = rule?.isValid(Buffer.from(whole), whole.length) ?? false
          const theirs = theirsOf.validate(whole).isValid
          if (ours && theirs) valid += 1
          if (ours !== theirs && how !== (theirs ? 'narrower' : 'wider')) {
            assert.fail(`${whole}: we say ${ours}, stdnum says ${theirs}`)
          }
        }
      }),
      { numRuns: 400, seed: 20_260 },
    )
    assert.ok(valid > 0, 'some texts were valid, so the comparison says something')
  })
}

test('an IBAN is found when ibantools takes it for one, and only then', () => {
  const body = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 16, maxLength: 16 })
  fc.assert(
    fc.property(fc.constantFrom('SE', 'SK', 'CZ', 'ES'), body, (country, digits) => {
      const bban = `${digits}0000`
      for (let check = 2; check < 99; check++) {
        const text = `${country}${String(check).padStart(2, '0')}${bban}`
        // Some countries have check digits of their own inside; the standard's are what is compared.
        const theirs = isValidIBAN(text, { allowQRIBAN: true })
        const ours = spansOf(text).some(({ type }) => type === 'IBAN_CODE')
        if (theirs) assert.ok(ours, text)
        if (ours) assert.equal(BigInt(`${bban}${toNumber(country)}${text.slice(2, 4)}`) % 97n, 1n)
      }
    }),
    { numRuns: 40 },
  )
})

const toNumber = (country: string): string =>
  [...country].map((letter) => String(letter.charCodeAt(0) - 55)).join('')

function spansOf(text: string): readonly Span[] {
  const bytes = Buffer.from(text)
  const spans: Span[] = []
  scanCell({ bytes, from: 0, to: bytes.length, hint: 0, kind: 'line' }, spans)
  return spans
}
