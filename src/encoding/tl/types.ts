/**
 * Types of TL values, computed by the compiler from the schema's text.
 *
 * @module
 */
import type { DECLARATIONS } from './schema.js'

type Declaration = (typeof DECLARATIONS)[number]

type LeftOf<D> = D extends `${infer Left} = ${string}` ? Left : never
type ClassOf<D> = D extends `${string} = ${infer Class}` ? Class : never
type FirstWord<S> = S extends `${infer Word} ${string}` ? Word : S
type FieldText<S> = S extends `${string} ${infer Rest}` ? Rest : never
type WithoutId<S> = S extends `${infer Name}#${string}` ? Name : S
type NameOf<D> = D extends unknown ? WithoutId<FirstWord<LeftOf<D>>> : never
type Split<S> = S extends `${infer Word} ${infer Rest}` ? Word | Split<Rest> : S
type FieldOf<D> = Split<FieldText<LeftOf<D>>>

type DeclarationOf<Name> = Declaration extends infer D
  ? D extends unknown
    ? NameOf<D> extends Name
      ? D
      : never
    : never
  : never
type NamesOfClass<Class> = Declaration extends infer D
  ? D extends unknown
    ? ClassOf<D> extends Class
      ? NameOf<D>
      : never
    : never
  : never

type Camel<S> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S

interface BuiltIn {
  int: number
  long: bigint
  double: number
  string: string
  bytes: Uint8Array
  int256: Uint8Array
  Bool: boolean
}

type TypeName<T> = T extends `vector<${infer Item}>`
  ? Item
  : T extends `flags.${string}?${infer Inner}`
    ? TypeName<Inner>
    : T

/** Names that other declarations use bare: such values stand only inside others and carry no `type`. */
type BareName = TypeName<
  FieldOf<Declaration> extends infer F ? (F extends `${string}:${infer T}` ? T : never) : never
> &
  TlName

type ValueOf<T> = T extends keyof BuiltIn
  ? BuiltIn[T]
  : T extends `vector<${infer Item}>`
    ? ReadonlyArray<ValueOf<Item>>
    : T extends TlName
      ? TlValue<T>
      : TlValue<NamesOfClass<T> & TlName>

type Required_<F> = {
  readonly [
    P in F as P extends `${infer Name}:${infer T}` ? (T extends '#' | `flags.${string}` ? never : Camel<Name>) : never
  ]: P extends `${string}:${infer T}` ? ValueOf<T> : never
}
type Optional_<F> = {
  readonly [P in F as P extends `${infer Name}:flags.${string}` ? Camel<Name> : never]?:
    | (P extends `${string}:flags.${string}?${infer T}` ? ValueOf<T> : never)
    | undefined
}
type Flatten<T> = { [K in keyof T]: T[K] }
type FieldsOf<D> = Required_<FieldOf<D>> & Optional_<FieldOf<D>>

/** Name of a declaration of the schema. */
export type TlName = NameOf<Declaration>

/**
 * The value of one declaration. Boxed ones carry their name as `type`; those that the schema uses bare
 * (`client.params`, `tokensUsed`, `http.header` …) do not. With a union of names: the union of the values.
 */
export type TlValue<Name extends TlName> = Name extends BareName
  ? Flatten<FieldsOf<DeclarationOf<Name>>>
  : Name extends unknown
    ? Flatten<{ readonly type: Name } & FieldsOf<DeclarationOf<Name>>>
    : never

/** Names of what can stand alone: boxed objects and functions. */
export type TlObjectName = Exclude<TlName, BareName | 'boolTrue' | 'boolFalse'>

/** Any boxed object or function of the schema. */
export type TlObject = { [Name in TlObjectName]: TlValue<Name> }[TlObjectName]
