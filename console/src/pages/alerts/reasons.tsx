// Why it fired, and why we think it was that tool: the detector's own sentences.

import type { Detection } from "@/api/types";
import { Panel } from "@/ui/parts";
import { Outside } from "@/ui/text";

export function Reasons({ detection }: { detection: Detection }) {
  return (
    <Panel title="Why this is an alert">
      {detection.reasons.length === 0 && <p className="text-muted">The detector gave no reasons.</p>}
      <ol className="list-decimal space-y-1 pl-5 marker:text-faint">
        {detection.reasons.slice(0, 20).map((reason, i) => <li key={i}><Outside text={reason} max={400} /></li>)}
      </ol>
      {detection.tool.name && detection.tool.evidence.length > 0 && (
        <>
          <h3 className="mt-3 mb-1 text-xs text-muted">
            Why it looks like <Outside text={detection.tool.name} max={40} />
          </h3>
          <ul className="list-disc space-y-1 pl-5 marker:text-faint">
            {detection.tool.evidence.slice(0, 12).map((fact, i) => <li key={i}><Outside text={fact} max={300} /></li>)}
          </ul>
        </>
      )}
    </Panel>
  );
}
