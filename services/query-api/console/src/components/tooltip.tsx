import type { ComponentChildren } from "preact";

/** A box beside the pointer, within its place. */
export function Tooltip(props: {
  readonly x: number;
  readonly y: number;
  /** Width of the place that it must stay within. */
  readonly widthPx: number;
  readonly children: ComponentChildren;
}) {
  const isRight = props.x > props.widthPx / 2;
  const side = isRight ? { right: `${props.widthPx - props.x + 12}px` } : { left: `${props.x + 12}px` };
  return (
    <div class="tooltip" style={{ ...side, top: `${props.y + 12}px` }}>
      {props.children}
    </div>
  );
}
