/**
 * Reads one choice's text as it comes: prose, then calls. Strict: what begins like a call must be one, and nothing may
 * follow the calls. Holds back no more than what may still become a tag, and one block.
 *
 * @module
 */
import { bytesToHex } from '../../../encoding/index.js'
import { CocoonError } from '../../../errors.js'
import type { Random } from '../../../runtime/ports/clock.js'
import { CALL_CLOSE, CALL_OPEN } from './instructions.js'
import { findViolation } from './schema.js'
import type { PromptedJson, PromptedTools, ToolCall } from './types.js'

/** What an answer is read against. */
export interface AnswerRules {
  readonly tools: PromptedTools | undefined
  readonly json: PromptedJson | undefined
  readonly random: Random
  /** Longest text that is held, UTF-16 code units. */
  readonly maxChars: number
}

/** What became known. */
export interface ParsedPiece {
  readonly text: string
  readonly calls: readonly ToolCall[]
}

/** Reads one choice. Throws `ERR_ANSWER_INVALID` | `ERR_ANSWER_TOO_LARGE`; it is then dead. */
export class AnswerParser {
  readonly #rules: AnswerRules
  readonly #readsCalls: boolean
  #held = ''
  /** How much of `#held` was looked through for the end of a block. */
  #scanned = 0
  #isInside = false
  #callCount = 0

  constructor(rules: AnswerRules) {
    this.#rules = rules
    this.#readsCalls = rules.tools !== undefined && rules.tools.choice !== 'none'
  }

  /** Whether a call was read. */
  get hasCalls(): boolean {
    return this.#callCount > 0
  }

  /** Takes the next piece of text. */
  push(text: string): ParsedPiece {
    this.#held += text
    if (this.#held.length > this.#rules.maxChars)
      throw new CocoonError('ERR_ANSWER_TOO_LARGE', 'a prompted answer is too long', {
        phase: 'answer',
        charged: 'unknown',
        httpStatus: 502
      })
    let out = ''
    const calls: ToolCall[] = []
    for (;;) {
      if (this.#isInside) {
        const end = this.#held.indexOf(CALL_CLOSE, Math.max(0, this.#scanned - CALL_CLOSE.length))
        if (end === -1) {
          this.#scanned = this.#held.length
          break
        }
        calls.push(this.#readCall(this.#held.slice(0, end)))
        this.#keep(end + CALL_CLOSE.length, false)
        continue
      }
      const start = this.#readsCalls ? this.#held.indexOf(CALL_OPEN) : -1
      if (start === -1) {
        out += this.#takeProse(this.#safeLength())
        break
      }
      out += this.#takeProse(start)
      this.#keep(CALL_OPEN.length, true)
    }
    return { text: out, calls }
  }

  /** The text is over: gives what was held back. */
  finish(): ParsedPiece {
    if (this.#isInside) throw invalid('a call has no end')
    const { json, tools } = this.#rules
    const isJson = json !== undefined && this.#callCount === 0
    const text = isJson ? checkedJson(this.#held, json) : this.#takeProse(this.#held.length)
    this.#held = ''
    const choice = tools?.choice ?? 'none'
    if (choice !== 'auto' && choice !== 'none' && this.#callCount === 0)
      throw invalid('a call was required and none came')
    return { text, calls: [] }
  }

  #keep(from: number, isInside: boolean): void {
    this.#held = this.#held.slice(from)
    this.#scanned = 0
    this.#isInside = isInside
  }

  /** How much cannot become part of a tag. JSON is held whole: it is checked before it is seen. */
  #safeLength(): number {
    if (this.#rules.json !== undefined) return 0
    if (!this.#readsCalls) return this.#held.length
    for (let length = Math.min(CALL_OPEN.length - 1, this.#held.length); length > 0; length--)
      if (CALL_OPEN.startsWith(this.#held.slice(-length))) return this.#held.length - length
    return this.#held.length
  }

  #takeProse(length: number): string {
    const text = this.#held.slice(0, length)
    this.#held = this.#held.slice(length)
    if (this.#callCount === 0) return text
    if (text.trim() !== '') throw invalid('text follows a call')
    return ''
  }

  #readCall(block: string): ToolCall {
    const { tools: { tools, choice, isParallel } = { tools: [], choice: 'none', isParallel: false }, random } =
      this.#rules
    const { name, arguments: given } = (parseObject(block) ?? {}) as { name?: unknown; arguments?: unknown }
    const tool = tools.find((each) => each.name === name)
    if (tool === undefined) throw invalid('a call names no function of the request')
    if (typeof choice === 'object' && tool.name !== choice.name)
      throw invalid('a call names another function than required')
    if (typeof given !== 'object' || given === null || Array.isArray(given))
      throw invalid('a call has no object of arguments')
    const violation = findViolation(given, tool.parameters)
    if (violation !== undefined) throw invalid(`the arguments of a call violate the schema at '${violation}'`)
    if (++this.#callCount > 1 && !isParallel) throw invalid('more than one call came')
    return {
      id: `call_${bytesToHex(random.bytes(12))}`,
      type: 'function',
      function: { name: tool.name, arguments: JSON.stringify(given) }
    }
  }
}

/** The JSON inside of a text: whole, or in one code fence; after a model's thoughts, where it wrote them down. */
function checkedJson(text: string, { schema }: PromptedJson): string {
  const thought = text.lastIndexOf('</think>')
  const said = (thought === -1 ? text : text.slice(thought + '</think>'.length)).trim()
  const isFenced = said.startsWith('```') && said.endsWith('```') && said.length > 6
  const json = isFenced
    ? said
        .slice(3, -3)
        .replace(/^json\s/i, '')
        .trim()
    : said
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw invalid('the answer is not JSON')
  }
  if (schema === undefined && parseObject(json) === undefined) throw invalid('the answer is not a JSON object')
  const violation = findViolation(value, schema)
  if (violation !== undefined) throw invalid(`the answer violates the schema at '${violation}'`)
  return json
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    // Said by the caller; the engine's own error quotes the text.
    return undefined
  }
}

function invalid(message: string): CocoonError {
  return new CocoonError('ERR_ANSWER_INVALID', `prompted answer: ${message}`, {
    phase: 'answer',
    charged: 'yes',
    httpStatus: 502,
    remedy: 'models do not always keep to a prompt: ask again, or simplify what is asked for'
  })
}
