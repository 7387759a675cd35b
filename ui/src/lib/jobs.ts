//! Papers that wait for a person: what did not come out of a printer.
import type { PrintJob } from "./gen/PrintJob";

/** Under way, and from the moment it said somebody should look, stuck. */
export function isStuck(job: PrintJob, now: number): boolean {
  return job.stuck_from !== undefined && Date.parse(job.stuck_from) <= now;
}

export interface Troubled {
  failed: PrintJob[];
  stuck: PrintJob[];
}

/** Whatever came after them: nothing pushes them out of sight. */
export function troubled(jobs: PrintJob[], now: number): Troubled {
  return {
    failed: jobs.filter((job) => job.state === "failed"),
    stuck: jobs.filter((job) => isStuck(job, now)),
  };
}
