// The value under the pointer. Without this script the page lacks nothing else.
for (const plot of document.querySelectorAll('.plot')) {
  const data = plot.querySelector('script');
  if (!data) continue;
  const lines = JSON.parse(data.textContent).filter(line => line.points.length);
  if (!lines.length) continue;
  const tip = document.createElement('div'), cross = document.createElement('div');
  tip.className = 'tip'; cross.className = 'cross'; tip.hidden = cross.hidden = true;
  plot.append(cross, tip);
  const nearest = (points, x) => {
    let low = 0, high = points.length - 1;
    while (low < high) { const middle = (low + high) >> 1; if (points[middle][0] < x) low = middle + 1; else high = middle; }
    return low && x - points[low - 1][0] < points[low][0] - x ? points[low - 1] : points[low];
  };
  plot.addEventListener('pointermove', event => {
    const box = plot.getBoundingClientRect();
    const x = Math.max(0, Math.min(1000, (event.clientX - box.left) / box.width * 1000));
    const first = nearest(lines[0].points, x);
    tip.textContent = '';
    tip.append(first[1]);
    for (const line of lines) {
      tip.append(document.createElement('br'), `${line.name} ${nearest(line.points, x)[2]}`);
    }
    tip.hidden = cross.hidden = false;
    cross.style.left = first[0] / 10 + '%';
    const half = tip.offsetWidth / 2;
    tip.style.left = Math.max(half - 50, Math.min(box.width - half, first[0] / 1000 * box.width)) + 'px';
  });
  plot.addEventListener('pointerleave', () => { tip.hidden = cross.hidden = true; });
}
