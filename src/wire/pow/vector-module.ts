/**
 * Writes a WebAssembly module that hashes four nonces at once in 128-bit vectors. It is written when it is needed, since
 * the loop that writes the rounds is a tenth of the size of the rounds.
 *
 * The module knows no challenge: everything that the four nonces share lies in its memory, vector by vector, each word
 * four times (see {@link vectorTable}). Encoding: WebAssembly 2.0, §5 (binary format).
 *
 * @module
 */
import { INITIAL_STATE, messageBlock, NONCE_WORD, ROUND_CONSTANTS, runRounds } from './sha256.js'

/** Rounds that do not read the low half of the nonce are left to the preparation. */
const ROUNDS_BEFORE = NONCE_WORD
/** Rounds of a group; each word of the schedule takes the place of the one a group before. */
const GROUP = 16

// Vectors in memory: what each round adds, the message with its padding, the state to begin with, then single ones.
const MESSAGE = 64
const STATE = MESSAGE + GROUP
const LANES = STATE + 8
const MASK = LANES + 1
const FINAL = MASK + 1
const ZERO = FINAL + 1
const TABLE_VECTORS = ZERO + 1

// Locals of the function: two parameters and three more numbers, then vectors: state, t1, 16 words of the schedule.
const FIRST = 0
const COUNT = 1
const INDEX = 2
const HIT = 3
const POINTER = 4
const LOCAL_STATE = 5
const T1 = LOCAL_STATE + 8
const WORDS = T1 + 1

// Instructions.
const GET = 0x20
const SET = 0x21
const TEE = 0x22
const VECTOR = 0xfd
const NUMBER = 0x41
const LOOP = 0x03
/** Numbers in signed LEB128: how far the constants of two groups are apart, and where the last ones are. */
const GROUP_BYTES = [0x80, 2]
const LAST_GROUP = [0x80, 6]
// Those on vectors of four 32-bit words. Those above 127 take two bytes.
const AND = 0x4e
const XOR = 0x51
const SELECT = 0x52
const EQUAL = 0x37
const SHIFT_LEFT = 0xab
const SHIFT_RIGHT = 0xad
const ADD = 0xae

/** What the module's memory must hold before a search: everything that does not depend on the low half of the nonce. */
export function vectorTable(message: Int32Array, mask: number): Int32Array {
  const table = new Int32Array(TABLE_VECTORS * 4)
  const put = (vector: number, value: number): unknown => table.fill(value, vector * 4, vector * 4 + 4)
  const words = messageBlock(message)
  ROUND_CONSTANTS.forEach((value, t) => put(t, value))
  words.subarray(0, GROUP).forEach((value, t) => put(MESSAGE + t, value))
  runRounds(words, ROUNDS_BEFORE).forEach((value, position) => put(STATE + position, value))
  table.set([0, 1, 2, 3], LANES * 4)
  put(MASK, mask)
  put(FINAL, INITIAL_STATE[1]!)
  return table
}

/**
 * The module. Exports `m`, a memory for the table, and `f(first, count)`: offset of the first hit, which may lie up to
 * three nonces behind `count`, or −1.
 */
export function writeVectorModule(): Uint8Array<ArrayBuffer> {
  const body = [2, POINTER - COUNT, 0x7f, WORDS + GROUP - LOCAL_STATE, 0x7b]
  writeSearch(body)
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 7, 1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f], // type: (i32, i32) → i32
    ...[3, 2, 1, 0], // one function
    ...[5, 3, 1, 0, 1], // one page of memory
    ...[7, 9, 2, 1, 0x6d, 2, 0, 1, 0x66, 0, 0], // exports: m, f
    ...[10, ...size(body.length + 3), 1, ...size(body.length)],
    ...body
  ])
}

/** A size in two bytes. */
function size(bytes: number): number[] {
  return [(bytes & 127) | 128, bytes >> 7]
}

/** A loop over the index, four nonces a turn. */
function writeSearch(code: number[]): void {
  code.push(LOOP, 0x40, NUMBER, 0, SET, POINTER)
  for (let word = 0; word < GROUP; word++) {
    load(code, MESSAGE + word)
    code.push(SET, WORDS + word)
  }
  code.push(GET, FIRST, GET, INDEX, 0x6a, VECTOR, 0x11) // first + index, four times
  add(code, LANES)
  code.push(TEE, T1, GET, T1, VECTOR, 0x0d, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12) // bytes reversed
  code.push(SET, WORDS + NONCE_WORD)
  for (let position = 0; position < 8; position++) {
    load(code, STATE + position)
    code.push(SET, stateLocal(position, ROUNDS_BEFORE))
  }
  for (let t = ROUNDS_BEFORE; t < GROUP; t++) writeRound(code, t)
  code.push(LOOP, 0x40, GET, POINTER, NUMBER, ...GROUP_BYTES, 0x6a, SET, POINTER) // the next group of constants
  for (let t = 0; t < GROUP; t++) {
    writeWord(code, t)
    writeRound(code, t)
  }
  code.push(GET, POINTER, NUMBER, ...LAST_GROUP, 0x48, 0x0d, 0, 0x0b) // again if below the last
  code.push(GET, stateLocal(1, 0)) // b
  code.push(NUMBER, 0, SET, POINTER)
  add(code, FINAL)
  load(code, MASK)
  vector(code, AND)
  load(code, ZERO)
  vector(code, EQUAL)
  code.push(VECTOR, 0xa4, 1, TEE, HIT) // a bit for each lane
  code.push(0x04, 0x40, GET, INDEX, GET, HIT, 0x68, 0x6a, 0x0f, 0x0b) // if any: return index + trailing zeros
  code.push(GET, INDEX, NUMBER, 4, 0x6a, TEE, INDEX, GET, COUNT, 0x48, 0x0d, 0, 0x0b) // index += 4; again if < count
  code.push(NUMBER, 0x7f, 0x0b) // −1
}

/** The next word of the schedule takes the place of the one 16 before. */
function writeWord(code: number[], t: number): void {
  code.push(GET, wordLocal(t))
  plus(code, wordLocal(t + 9))
  addSigma(code, wordLocal(t + 1), 7, 18, 3, true)
  addSigma(code, wordLocal(t + 14), 17, 19, 10, true)
  code.push(SET, wordLocal(t))
}

function writeRound(code: number[], t: number): void {
  const local = (position: number): number => stateLocal(position, t)
  const a = local(0)
  const d = local(3)
  const e = local(4)
  const h = local(7)
  code.push(GET, h)
  add(code, t)
  plus(code, wordLocal(t))
  code.push(GET, local(5), GET, local(6), GET, e) // bits of f where e has ones, else of g
  vector(code, SELECT)
  vector(code, ADD)
  addSigma(code, e, 6, 11, 25, false)
  code.push(TEE, T1)
  plus(code, d)
  code.push(SET, d, GET, T1)
  code.push(GET, local(2), GET, a, GET, a, GET, local(1)) // the majority: c where a and b differ, else a
  vector(code, XOR)
  vector(code, SELECT)
  vector(code, ADD)
  addSigma(code, a, 2, 13, 22, false)
  code.push(SET, h)
}

/** The state moves by one place a round; its values stay where they are and change their names. */
function stateLocal(position: number, round: number): number {
  return LOCAL_STATE + ((position - round) & 7)
}

function wordLocal(t: number): number {
  return WORDS + (t & 15)
}

/** An instruction on what lies on the stack. Called thousands of times before any compiler has seen it: kept plain. */
function vector(code: number[], operation: number): void {
  if (operation > 127) code.push(VECTOR, operation, 1)
  else code.push(VECTOR, operation)
}

/** A vector of the table, counted from where the pointer is. */
function load(code: number[], at: number): void {
  code.push(GET, POINTER, VECTOR, 0, 4, ((at & 7) << 4) | 128, at >> 3)
}

/** Adds a vector of the table. */
function add(code: number[], at: number): void {
  load(code, at)
  vector(code, ADD)
}

/** Adds a local. */
function plus(code: number[], local: number): void {
  code.push(GET, local)
  vector(code, ADD)
}

/** Adds the exclusive or of three rotations to the right, the last of which may be a shift. */
function addSigma(code: number[], local: number, first: number, second: number, third: number, isShift: boolean): void {
  shift(code, local, third, SHIFT_RIGHT)
  if (!isShift) mix(code, local, 32 - third, SHIFT_LEFT)
  mix(code, local, first, SHIFT_RIGHT)
  mix(code, local, 32 - first, SHIFT_LEFT)
  mix(code, local, second, SHIFT_RIGHT)
  mix(code, local, 32 - second, SHIFT_LEFT)
  vector(code, ADD)
}

function mix(code: number[], local: number, by: number, direction: number): void {
  shift(code, local, by, direction)
  vector(code, XOR)
}

function shift(code: number[], local: number, by: number, direction: number): void {
  code.push(GET, local, NUMBER, by)
  vector(code, direction)
}
