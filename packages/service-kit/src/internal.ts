const internal = new WeakSet<object>()

/** A controller for Colibri's own processes: it is no part of the OpenAPI document. */
export const Internal = (): ClassDecorator => (controller) => {
  internal.add(controller)
}

export const isInternal = (controller: object): boolean => internal.has(controller)
