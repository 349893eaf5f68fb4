import { describe, expect, test } from 'vitest'
import { encodeUtf8 } from '../../../src/encoding/index.js'
import { createRedact } from '../../../src/wire/session/redaction.js'

const SECRET = 'account-secret-CANARY/with+signs'

describe('createRedact', () => {
  test('removes every usual spelling', () => {
    const bytes = Buffer.from(SECRET)
    const redact = createRedact(encodeUtf8(SECRET))
    for (const spelling of [
      SECRET,
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
      bytes.toString('base64'),
      bytes.toString('base64url')
    ])
      expect(redact(`it is ${spelling}.`)).toBe('it is [removed].')
  })

  test('leaves no beginning of the secret where a long text is cut', () => {
    const redact = createRedact(encodeUtf8(SECRET))
    for (let shift = 0; shift < SECRET.length; shift++) {
      const text = redact(`${'x'.repeat(shift)}${SECRET.repeat(1000)}`)
      expect(text.replaceAll('[removed]', '')).not.toContain('account')
      expect(text.length).toBeLessThanOrEqual(8192)
    }
  })

  test('bounds the text also without a secret, and with one too short to look for', () => {
    for (const redact of [createRedact(undefined), createRedact(new Uint8Array(0)), createRedact(encodeUtf8('a'))])
      expect(Math.abs(redact('ab'.repeat(10_000)).length - 8188)).toBeLessThanOrEqual(4)
  })
})
