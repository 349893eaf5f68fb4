import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createProofBundle, tdxImageHash, verifyCertificate } from '../../src/attestation.js'
import { createSyntheticPeer, SYNTHETIC_NOW } from '../support/synthetic-tee.js'

interface Schema {
  readonly type?: string
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly pattern?: string
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
}

/** The part of JSON Schema that the two published schemas use. */
function problems(value: unknown, schema: Schema, root: Schema, path = '$'): string[] {
  if (schema.$ref !== undefined) return problems(value, root.$defs?.[schema.$ref.slice(8)] ?? { enum: [] }, root, path)
  if (schema.anyOf !== undefined) {
    const all = schema.anyOf.map((one) => problems(value, one, root, path))
    return all.some((found) => found.length === 0) ? [] : all.flat()
  }
  if (schema.const !== undefined) return value === schema.const ? [] : [`${path}: const`]
  if (schema.enum !== undefined) return schema.enum.includes(value) ? [] : [`${path}: enum`]
  if (schema.type === 'array')
    return Array.isArray(value)
      ? value.flatMap((item, at) => problems(item, schema.items ?? {}, root, `${path}[${at}]`))
      : [`${path}: array`]
  if (schema.type === 'object') {
    if (typeof value !== 'object' || value === null) return [`${path}: object`]
    const names = Object.keys(value)
    const extra = names
      .filter((name) => schema.properties?.[name] === undefined)
      .map((name) => `${path}.${name}: extra`)
    const missing = (schema.required ?? [])
      .filter((name) => !names.includes(name))
      .map((name) => `${path}.${name}: missing`)
    const inner = names.flatMap((name) =>
      problems((value as Record<string, unknown>)[name], schema.properties?.[name] ?? {}, root, `${path}.${name}`)
    )
    return [...extra, ...missing, ...inner]
  }
  if (schema.type === 'string')
    return typeof value === 'string' && new RegExp(schema.pattern ?? '').test(value) ? [] : [`${path}: string`]
  if (schema.type === 'null') return value === null ? [] : [`${path}: null`]
  if (schema.type === 'integer') return Number.isInteger(value) ? [] : [`${path}: integer`]
  return schema.type === 'boolean' && typeof value !== 'boolean' ? [`${path}: boolean`] : []
}

const schemaOf = (name: string): Schema =>
  JSON.parse(readFileSync(new URL(`../../docs/schemas/${name}.json`, import.meta.url), 'utf8')) as Schema
const peer = await createSyntheticPeer()
const imageHashes = [await tdxImageHash(peer.quote)]

describe('published schemas', () => {
  it.each([[imageHashes], [['ab'.repeat(32)]], [[]]])(
    'describe reports and bundles as they are (image hashes %j)',
    async (hashes) => {
      const options = {
        now: SYNTHETIC_NOW,
        policy: {
          imageHashes: hashes,
          tolerate: [{ status: 'OutOfDate' as const, advisoryIds: ['A'], expiresAt: SYNTHETIC_NOW }],
          validUntil: '2027-01-01T00:00:00Z'
        },
        trust: peer.trust
      }
      const report = await verifyCertificate(peer.certificate, peer.collateral, options)
      const [reportSchema, proofSchema] = [schemaOf('attestation-report.v1'), schemaOf('attestation-proof.v1')]
      expect(problems(report, reportSchema, reportSchema)).toEqual([])
      const bundle = await createProofBundle(
        { type: 'certificate', evidence: peer.certificate, collateral: peer.collateral },
        options
      )
      expect(problems(bundle, proofSchema, proofSchema)).toEqual([])
      expect(problems({ ...report, verdict: 'maybe', more: 1 }, reportSchema, reportSchema)).toEqual([
        '$.more: extra',
        '$.verdict: enum'
      ])
    }
  )
})
