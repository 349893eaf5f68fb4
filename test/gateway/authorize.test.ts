import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Authorize,
  bearerTokens,
  TELEGRAM_PUBLIC_KEYS,
  telegramInitData,
  telegramInitDataThirdParty
} from '../../src/gateway/index.js'

/** Published test data of Telegram-Mini-Apps/init-data-golang: a genuine sign-in of December 2024, and its bot's token. */
const BOT_TOKEN = '7342037359:AAHI25ES9xCOMPokpYoz-p8XVrZUdygo2J4'
const INIT_DATA =
  'user=%7B%22id%22%3A279058397%2C%22first_name%22%3A%22Vladislav%20%2B%20-%20%3F%20%5C%2F%22%2C%22last_name%22%3A%22Kibenko%22%2C%22username%22%3A%22vdkfrost%22%2C%22language_code%22%3A%22ru%22%2C%22is_premium%22%3Atrue%2C%22allows_write_to_pm%22%3Atrue%2C%22photo_url%22%3A%22https%3A%5C%2F%5C%2Ft.me%5C%2Fi%5C%2Fuserpic%5C%2F320%5C%2F4FPEE4tmP3ATHa57u6MqTDih13LTOiMoKoLDRG4PnSA.svg%22%7D&chat_instance=8134722200314281151&chat_type=private&auth_date=1733509682&signature=TYJxVcisqbWjtodPepiJ6ghziUL94-KNpG8Pau-X7oNNLNBM72APCpi_RKiUlBvcqo5L-LAxIc3dnTzcZX_PDg&hash=a433d8f9847bd6addcc563bff7cc82c89e97ea0d90c11fe5729cae6796a36d73'
const SIGNED_AT = 1_733_509_682

function call(authorize: Authorize, headers: Record<string, string>, nowSeconds = SIGNED_AT + 10): Promise<unknown> {
  const url = new URL('https://gateway.test/v1/models')
  return Promise.resolve().then(() =>
    authorize({ method: 'GET', url, headers: new Headers(headers), nowMs: nowSeconds * 1000 })
  )
}
const tma = (text: string): Record<string, string> => ({ authorization: `tma ${text}` })
const REFUSED = { code: 'ERR_UNAUTHORIZED', httpStatus: 401 }

/** An initData of our own making. */
function signedData(fields: Record<string, string>, botToken = BOT_TOKEN): string {
  const text = Object.keys(fields)
    .toSorted()
    .map((name) => `${name}=${fields[name]}`)
    .join('\n')
  const key = createHmac('sha256', 'WebAppData').update(botToken).digest()
  const hash = createHmac('sha256', key).update(text).digest('hex')
  return new URLSearchParams({ ...fields, hash }).toString()
}
const OWN = { auth_date: String(SIGNED_AT), user: '{"id":5}' }

describe.each([
  ['telegramInitData', telegramInitData({ botToken: BOT_TOKEN })],
  ['telegramInitDataThirdParty', telegramInitDataThirdParty({ botId: 7_342_037_359 })]
])('%s', (_name, authorize) => {
  test('takes a genuine sign-in, in either header', async () => {
    const user = { id: 'telegram:279058397' }
    expect(await call(authorize, tma(INIT_DATA))).toEqual(user)
    expect(await call(authorize, { 'x-telegram-init-data': INIT_DATA })).toEqual(user)
  })

  test('the order of the fields does not matter', async () => {
    expect(await call(authorize, tma(INIT_DATA.split('&').toReversed().join('&')))).toEqual({
      id: 'telegram:279058397'
    })
  })

  test('takes it for an hour, and a minute ahead for clocks', async () => {
    await expect(call(authorize, tma(INIT_DATA), SIGNED_AT + 3660)).resolves.toBeDefined()
    await expect(call(authorize, tma(INIT_DATA), SIGNED_AT + 3661)).rejects.toMatchObject(REFUSED)
    await expect(call(authorize, tma(INIT_DATA), SIGNED_AT - 60)).resolves.toBeDefined()
    await expect(call(authorize, tma(INIT_DATA), SIGNED_AT - 61)).rejects.toMatchObject(REFUSED)
  })

  test.each([
    ['nothing', ''],
    ['another user', INIT_DATA.replace('279058397', '279058398')],
    ['another date', INIT_DATA.replace('1733509682', '1733509683')],
    ['a field more', `${INIT_DATA}&start_param=admin`],
    ['a field less', INIT_DATA.replace('&chat_type=private', '')],
    ['a name twice', `${INIT_DATA}&user=%7B%7D`],
    ['a name twice, encoded', `${INIT_DATA}&%75ser=%7B%7D`],
    ['no hash and no signature', INIT_DATA.slice(0, INIT_DATA.indexOf('&signature'))],
    ['an empty signature', INIT_DATA.replace(/signature=[^&]+/, 'signature=').replace(/hash=\w+/, 'hash=')],
    [
      'a signature of zeros',
      INIT_DATA.replace(/signature=[^&]+/, `signature=${'A'.repeat(86)}`).replace(/hash=\w+/, `hash=${'0'.repeat(64)}`)
    ],
    ['fields joined by a line feed', INIT_DATA.replace('&chat_type=private', '%0Achat_type=private')],
    ['a bad escape', `${INIT_DATA}&a=%ff`],
    ['an empty pair', `&${INIT_DATA}`],
    ['__proto__', `__proto__=1&${INIT_DATA}`],
    ['too much', `${'a=1&'.repeat(3000)}${INIT_DATA}`]
  ])('refuses %s', async (_case, text) => {
    await expect(call(authorize, tma(text))).rejects.toMatchObject(REFUSED)
  })

  test('refuses whatever else comes, and says the same every time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary-ascii', maxLength: 300 }), async (noise) => {
        const value = noise.replace(/[^\x21-\x7e]/g, '')
        await expect(call(authorize, tma(`${value}&${INIT_DATA}`))).rejects.toMatchObject(REFUSED)
        await expect(call(authorize, tma(value))).rejects.toMatchObject(REFUSED)
      }),
      { numRuns: Number(process.env['FC_NUM_RUNS'] ?? 100) }
    )
  })
})

describe('telegramInitData', () => {
  test('another bot’s sign-in is refused', async () => {
    const authorize = telegramInitData({ botToken: `1${BOT_TOKEN}` })
    await expect(call(authorize, tma(INIT_DATA))).rejects.toMatchObject(REFUSED)
  })

  test.each([
    ['no user', { auth_date: OWN.auth_date }],
    ['a user that is not JSON', { ...OWN, user: '{' }],
    ['a user that is null', { ...OWN, user: 'null' }],
    ['a user without id', { ...OWN, user: '{}' }],
    ['an id that is text', { ...OWN, user: '{"id":"5"}' }],
    ['no date', { user: OWN.user }],
    ['a date that is none', { ...OWN, auth_date: '0x67534bb2' }]
  ])('signed, but with %s', async (_case, fields) => {
    const authorize = telegramInitData({ botToken: BOT_TOKEN })
    await expect(call(authorize, tma(signedData(OWN)))).resolves.toEqual({ id: 'telegram:5' })
    await expect(call(authorize, tma(signedData(fields as Record<string, string>)))).rejects.toMatchObject(REFUSED)
  })

  test('the operator decides about the verified user', async () => {
    const authorize = telegramInitData({
      botToken: BOT_TOKEN,
      maxAgeSeconds: 1e12,
      user: ({ id, fields, is_premium }) => ({ id: `${id}/${fields.get('chat_type')}/${is_premium}`, quotaNano: 5n })
    })
    expect(await call(authorize, tma(INIT_DATA), 2e9)).toEqual({ id: '279058397/private/true', quotaNano: 5n })
  })

  test('a token that is none is refused at once, without being quoted', () => {
    expect(() => telegramInitData({ botToken: 'hunter2' })).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS' }))
    expect(() => telegramInitData({ botToken: 'hunter2' })).not.toThrow(/hunter2/)
  })
})

describe('telegramInitDataThirdParty', () => {
  test('another bot’s id, and Telegram’s test key, do not fit', async () => {
    for (const authorize of [
      telegramInitDataThirdParty({ botId: 7_342_037_358 }),
      telegramInitDataThirdParty({ botId: 7_342_037_359, publicKey: 'test' })
    ])
      await expect(call(authorize, tma(INIT_DATA))).rejects.toMatchObject(REFUSED)
  })

  test('a key of the caller', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const x = publicKey.export({ format: 'jwk' }).x as string
    const text = `42:WebAppData\nauth_date=${OWN.auth_date}\nuser=${OWN.user}`
    const signature = sign(null, Buffer.from(text), privateKey).toString('base64url')
    const initData = new URLSearchParams({ ...OWN, hash: 'ignored', signature: `${signature}==` }).toString()
    const authorize = telegramInitDataThirdParty({
      botId: '42',
      publicKey: Buffer.from(x, 'base64url').toString('hex')
    })
    expect(await call(authorize, tma(initData))).toEqual({ id: 'telegram:5' })
  })

  test('tweetnacl verifies where WebCrypto has no Ed25519', async () => {
    const { importKey } = crypto.subtle
    crypto.subtle.importKey = ((...args: Parameters<typeof importKey>) =>
      (args[2] as unknown) === 'Ed25519'
        ? Promise.reject(new DOMException('no', 'NotSupportedError'))
        : importKey.apply(crypto.subtle, args)) as typeof importKey
    try {
      const authorize = telegramInitDataThirdParty({ botId: 7_342_037_359 })
      expect(await call(authorize, tma(INIT_DATA))).toEqual({ id: 'telegram:279058397' })
      await expect(call(authorize, tma(INIT_DATA.replace('private', 'group')))).rejects.toMatchObject(REFUSED)
    } finally {
      crypto.subtle.importKey = importKey
    }
  })

  test('options', () => {
    expect(TELEGRAM_PUBLIC_KEYS.production).toHaveLength(64)
    expect(() => telegramInitDataThirdParty({ botId: 'x' })).toThrow(expect.objectContaining({ field: 'botId' }))
    expect(() => telegramInitDataThirdParty({ botId: 1, publicKey: 'constructor' })).toThrow(
      expect.objectContaining({ field: 'publicKey' })
    )
  })
})

describe('bearerTokens', () => {
  const TOKEN = 'sk-0123456789abcdef'
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

  test('users with quota and expiry', async () => {
    const authorize = bearerTokens({ tokens: { [TOKEN]: { user: 'alice', quotaNano: 7n, expiresAtUnix: 1000 } } })
    expect(await call(authorize, bearer(TOKEN), 999)).toEqual({ id: 'alice', quotaNano: 7n })
    await expect(call(authorize, bearer(TOKEN), 1000)).rejects.toMatchObject(REFUSED)
  })

  test.each([
    '',
    'Basic abc',
    'Bearer',
    'Bearer ',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN} x`,
    'Bearer constructor',
    `Bearer ${'x'.repeat(5000)}`
  ])('refuses %j', async (authorization) => {
    const authorize = bearerTokens({ tokens: { [TOKEN]: { user: 'alice' } } })
    await expect(call(authorize, authorization === '' ? {} : { authorization })).rejects.toMatchObject(REFUSED)
  })

  test('tokens of a database are looked up by hash', async () => {
    const seen: string[] = []
    const authorize = bearerTokens({ find: (hash) => void seen.push(hash) })
    await expect(call(authorize, bearer('abc'))).rejects.toMatchObject(REFUSED)
    expect(seen).toEqual(['ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'])
  })

  test('tokens that can be guessed are refused', () => {
    for (const options of [{ tokens: { short: { user: 'a' } } }, {}])
      expect(() => bearerTokens(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS' }))
  })
})
