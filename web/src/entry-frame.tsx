import { Outlet } from '@tanstack/react-router'
import { Brand } from './parts/brand.tsx'
import { SchemeToggle } from './parts/scheme-toggle.tsx'

/** The frame of the pages before the dashboard: one card, and the gate's name above it. */
export function EntryFrame() {
  return (
    <div className="entry">
      <header className="entry-head">
        <Brand />
        <SchemeToggle />
      </header>
      <main className="entry-card">
        <Outlet />
      </main>
    </div>
  )
}
