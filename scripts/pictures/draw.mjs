const FONT =
  "system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif";

/** Colours by the scheme of whoever looks; each pair of text and ground has a contrast of 4.5 or more. */
const STYLE = `
.ground{fill:#ffffff}.box{fill:#eef6fa;stroke:#11698a}.good{fill:#e8f5ec;stroke:#1e7a3c}.bad{fill:#fdecea;stroke:#b3261e}
.note{fill:#f6f6f7;stroke:#8a8f98}.text{fill:#1f2328}.dim{fill:#57606a}.line{stroke:#57606a;fill:none}.tip{fill:#57606a}
@media (prefers-color-scheme:dark){.ground{fill:#1b1b1f}.box{fill:#12303c;stroke:#6cc3e0}.good{fill:#12321d;stroke:#5fc27e}
.bad{fill:#3b1513;stroke:#f2938c}.note{fill:#2a2a30;stroke:#8a8f98}.text{fill:#e6edf3}.dim{fill:#a6b0bb}.line{stroke:#a6b0bb}.tip{fill:#a6b0bb}}`;

/**
 * Draws a picture of boxes, arrows and texts.
 *
 * @param {object} picture `width`, `height`, `title` and `desc` for those who do not see it, `boxes`, `arrows`, `texts`. Every
 *   text is `{ en, zh }`, with `\n` between lines.
 * @param {'en' | 'zh'} language
 * @returns {string} SVG that needs nothing from elsewhere, and follows the reader's colour scheme.
 */
export function draw({ width, height, title, desc, boxes = [], arrows = [], texts = [] }, language) {
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc" font-family="${FONT}" font-size="14">`,
    `<title id="title">${escape(title[language])}</title>`,
    `<desc id="desc">${escape(desc[language])}</desc>`,
    `<style>${STYLE.replaceAll('\n', '')}</style>`,
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>',
    `<rect class="ground" width="${width}" height="${height}" rx="10"/>`,
    ...arrows.map((arrow) => arrowOf(arrow, language)),
    ...boxes.map((box) => boxOf(box, language)),
    ...texts.map(({ x, y, text, size = 14, bold = false, dim = false, anchor = 'start' }) =>
      linesOf(text[language], { x, y, size, bold, dim, anchor }),
    ),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function boxOf({ x, y, width, height, text, kind = 'box', size = 14 }, language) {
  const lines = text[language].split('\n');
  const top = y + height / 2 - ((lines.length - 1) * size * 1.35) / 2 + size * 0.35;
  return `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="8" stroke-width="1.5"/>${linesOf(text[language], { x: x + width / 2, y: top, size, anchor: 'middle' })}`;
}

function arrowOf({ path, text, at, dashed = false, anchor = 'middle' }, language) {
  const [first, ...rest] = path;
  const route = `M${first.join(' ')}${rest.map((point) => `L${point.join(' ')}`).join('')}`;
  const line = `<path class="line" d="${route}" stroke-width="1.5"${dashed ? ' stroke-dasharray="5 4"' : ''} marker-end="url(#tip)"/>`;
  return text === undefined
    ? line
    : line + linesOf(text[language], { x: at[0], y: at[1], size: 12, dim: true, anchor });
}

function linesOf(text, { x, y, size, bold = false, dim = false, anchor }) {
  const spans = text
    .split('\n')
    .map(
      (line, index) =>
        `<tspan x="${x}" y="${Math.round((y + index * size * 1.35) * 10) / 10}">${escape(line)}</tspan>`,
    );
  return `<text class="${dim ? 'dim' : 'text'}" font-size="${size}" text-anchor="${anchor}"${bold ? ' font-weight="600"' : ''}>${spans.join('')}</text>`;
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
