import { type InstanceAnnouncement, instancesSubject } from '@colibri/contracts'
import type { Messaging } from './messaging.ts'

export interface Announcer {
  /** Says the new state at once and from then on every second. */
  state(next: InstanceAnnouncement['state']): void
  /** Says it once more, makes sure the server has it, and falls silent. */
  leave(): Promise<void>
}

const everyMs = 1_000
export const queryInstances = 'instances.query'

/** Tells the edge where this replica is. A NATS that is gone is no error here: the edge forgets the silent. */
export const announceInstance = (messaging: Messaging, self: Omit<InstanceAnnouncement, 'state'>): Announcer => {
  const { connection } = messaging
  let current: InstanceAnnouncement['state'] = 'starting'
  const say = (): void => {
    // While disconnected the client would keep every announcement and send them all at once later.
    if (!messaging.connected()) return
    const announcement: InstanceAnnouncement = { ...self, state: current }
    connection.publish(instancesSubject(self.service), JSON.stringify(announcement))
  }
  const subscription = connection.subscribe(queryInstances, { callback: (error) => (error ? undefined : say()) })
  const timer = setInterval(say, everyMs)
  say()
  return {
    state: (next) => {
      current = next
      say()
    },
    leave: async () => {
      clearInterval(timer)
      subscription.unsubscribe()
      say()
      if (messaging.connected()) await connection.flush()
    },
  }
}
