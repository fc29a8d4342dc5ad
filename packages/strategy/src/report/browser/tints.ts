/** The colours of the page, which follow the reader's choice of dark or light. */
export interface Tints {
  readonly text: string
  readonly muted: string
  readonly line: string
  readonly up: string
  readonly down: string
  readonly accent: string
  readonly accentFill: string
  readonly downFill: string
}

export function pageTints(): Tints {
  const style = getComputedStyle(document.documentElement)
  const tint = (name: string): string => style.getPropertyValue(`--${name}`).trim()
  return {
    text: tint('text'),
    muted: tint('muted'),
    line: tint('line'),
    up: tint('up'),
    down: tint('down'),
    accent: tint('accent'),
    accentFill: tint('accent-fill'),
    downFill: tint('down-fill'),
  }
}
