"""The photo that somebody shares in the README's pictures, drawn here: new shirts on a line."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFilter, ImageFont

WIDTH, HEIGHT = 960, 520
SKY, HORIZON = (116, 182, 224), (214, 236, 244)
GRASS = [(92, 158, 78), (80, 146, 68)]
SHIRTS = [((24, 104, 168), "7"), ((28, 118, 186), "10"), ((24, 104, 168), "4")]
# A shirt of 100 by 100, from the neck around.
SHAPE = [
    *((36, 0), (50, 9), (64, 0), (100, 20), (89, 45), (77, 38)),
    *((77, 100), (23, 100), (23, 38), (11, 45), (0, 20)),
]


def shirts() -> bytes:
    """Draw the photo as a JPEG."""
    image = Image.new("RGB", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(image)
    _draw_ground(draw)
    image = image.filter(ImageFilter.GaussianBlur(5))
    draw = ImageDraw.Draw(image)
    draw.line([(0, 104), (WIDTH / 2, 128), (WIDTH, 104)], (80, 84, 90), 5, joint="curve")
    for place, (color, number) in enumerate(SHIRTS):
        _draw_shirt(draw, 80 + place * 290, 120, 2.35, color, number)
    drawn = io.BytesIO()
    image.save(drawn, "JPEG", quality=88)
    return drawn.getvalue()


def _draw_ground(draw: ImageDraw.ImageDraw) -> None:
    middle = 350
    for y in range(middle):
        part = y / middle
        color = tuple(round(a + (b - a) * part) for a, b in zip(SKY, HORIZON, strict=True))
        draw.line([(0, y), (WIDTH, y)], color)
    for x in range(-60, WIDTH + 60, 90):
        draw.ellipse([x, middle - 90, x + 130, middle + 60], (58, 110, 72))
    for stripe in range(8):
        top = middle + stripe * (HEIGHT - middle) / 8
        draw.rectangle([0, top, WIDTH, HEIGHT], GRASS[stripe % 2])
    draw.line([(0, 440), (WIDTH, 420)], (240, 245, 240), 7)


def _draw_shirt(
    draw: ImageDraw.ImageDraw,
    left: float,
    top: float,
    scale: float,
    color: tuple[int, int, int],
    number: str,
) -> None:
    shape = [(left + x * scale, top + y * scale) for x, y in SHAPE]
    draw.polygon(shape, color)
    dark = tuple(part * 3 // 4 for part in color)
    sleeve = [(left + x * scale, top + y * scale) for x, y in ((77, 38), (77, 100), (70, 100))]
    draw.polygon(sleeve, dark)
    for x in (30, 70):
        pin = [left + x * scale - 4, top - 12, left + x * scale + 4, top + 18]
        draw.rounded_rectangle(pin, 3, (222, 184, 128))
    font = ImageFont.load_default(size=96)
    middle = (left + 50 * scale, top + 62 * scale)
    draw.text(middle, number, (255, 255, 255), font, anchor="mm")
