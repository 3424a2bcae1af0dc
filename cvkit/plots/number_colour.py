"""A colour for each of many numbers, such as those of tracks."""

GOLDEN = 0.6180339887  # steps of this share of a circle never come back to where they were


def number_colour(number):
    r"""A colour for a whole number; numbers that are near each other have hues that are far apart.

    $$\text{hue} = 0.618\,n \bmod 1$$

    Args:
        number: a whole number from 0.

    Returns:
        Tuple of red, green and blue, each from 0 to 1.

    Example:
        >>> [round(part, 2) for part in number_colour(0)]
        [0.95, 0.43, 0.43]
    """
    from matplotlib.colors import hsv_to_rgb

    saturation = 0.55 if number % 2 == 0 else 0.8
    return tuple(float(part) for part in hsv_to_rgb((GOLDEN * int(number) % 1, saturation, 0.95)))
