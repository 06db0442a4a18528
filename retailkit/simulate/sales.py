"""What orders are worth: amounts, goods, refunds, and the sales outside the private channels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retailkit.simulate.levels import HOME_PART, Levels, monthly
from retailkit.simulate.people import People, pick
from retailkit.simulate.traffic import Traffic
from retailkit.simulate.world import day_number, days, parameters, stream, window

CATEGORIES = ("everyday", "season", "premium")
PRICE = np.array([0.6, 1.0, 1.9])
PARTS = np.array([0.45, 0.35, 0.20])
SPREAD = 0.55
"""Sd of the log of an order's amount around the person's own level (assumed)."""
FULL_PRICE = 0.35
"""Part of the orders paid at list price (assumed)."""
PLATFORM = -2
"""Area of an order on a platform, before it is written."""
AREAS = ("pilot_1", "pilot_2", "pilot_3", "other")


@dataclass(frozen=True)
class Goods:
    """Amounts of orders in fen and what was bought; one entry an order in every array."""

    gross: np.ndarray
    listed: np.ndarray
    freight: np.ndarray
    refund: np.ndarray
    refund_day: np.ndarray
    items: np.ndarray
    category: np.ndarray
    product: np.ndarray


def goods(rng: np.random.Generator, mean_yuan: np.ndarray) -> Goods:
    """Draw amounts around a mean in yuan for each order, with list price, freight, refund and goods."""
    n = len(mean_yuan)
    category = np.searchsorted(np.cumsum(PARTS), rng.random(n), "right").clip(0, 2)
    price = PRICE[category] / (PRICE * PARTS).sum()
    gross = np.maximum(np.round(100 * mean_yuan * price * np.exp(rng.normal(-(SPREAD**2) / 2, SPREAD, n))), 100)
    off = np.clip(rng.beta(2, 8, n) + 0.05 * (rng.random(n) < 0.2), 0, 0.8)
    freight = np.where(rng.random(n) < 0.1, np.minimum(1000, gross // 4), 0)
    listed = np.round((gross - freight) / (1 - off))
    rate = parameters()["programme"]["refunds"]
    kind = rng.random(n)
    refund = np.where(kind < rate, gross, np.where(kind < rate + 0.02, np.round(gross * 0.4), 0))
    refund_day, items, product = rng.integers(1, 15, n), 1 + rng.poisson(0.8, n), rng.integers(0, 20, n)
    listed = np.where(rng.random(n) < FULL_PRICE, gross - freight, listed)
    return Goods(
        gross.astype(np.int64), listed.astype(np.int64), freight.astype(np.int64), refund.astype(np.int64),
        refund_day, items, category, product,
    )  # fmt: skip


@dataclass(frozen=True)
class Outside:
    """Orders outside the private channels: platform ('platform') or shops ('pos'); one entry an order.

    ``person`` is -1 where the shop does not know who bought; ``area`` indexes AREAS.
    """

    platform: np.ndarray
    person: np.ndarray
    day: np.ndarray
    second: np.ndarray
    area: np.ndarray
    shop: np.ndarray
    goods: Goods


def private_goods(level: Levels, people: People, traffic: Traffic, seed: int | str) -> Goods:
    """Draw the amounts of the private orders: basket of the day times the person's own level."""
    rng = stream(seed, level.profile.id, "goods")
    return goods(rng, level.basket[traffic.o_day] * people.basket[traffic.o_person])


def area_of(level: Levels, n: int, seed: int | str) -> np.ndarray:
    """Draw the delivery area of each private order of the home-delivery merchant; -1 for the others."""
    if level.profile.id != parameters()["cases"]["home_orders"]["merchant"]:
        return np.full(n, -1)
    rng = stream(seed, level.profile.id, "areas")
    return np.searchsorted([0.10, 0.18, 0.25], rng.random(n), "right")


def outside(level: Levels, people: People, seed: int | str, scale: float, basket: float) -> Outside:
    """Draw platform orders (where the merchant exports a platform's) and shop orders of known members.

    ``basket`` is the mean platform basket in yuan.

    Shops of the home-delivery merchant's pilot areas book every order, so that the share of
    home delivery can be taken; the best area reaches the published share in its best month.
    """
    profile, n_days = level.profile, len(days())
    rng = stream(seed, profile.id, "outside")
    on_platform = {"taobao", "jd"} & set(profile.exports)
    platform_mean = level.without * (1.0 if on_platform else 0.0)
    means = {PLATFORM: platform_mean, -1: 0.15 * level.without, **dict(enumerate(_pilot_shops(level)))}
    counts = {where: rng.poisson(mean * scale) for where, mean in means.items()}
    day = np.concatenate([np.repeat(np.arange(n_days), c) for c in counts.values()])
    area = np.concatenate([np.full(c.sum(), where) for where, c in counts.items()])
    platform = area == PLATFORM
    yuan = np.where(platform, basket, profile.aov * 0.9)
    person = pick(rng, people, day)
    person = np.where(platform | people.member[person], person, -1)
    second = rng.integers(9 * 3600, 22 * 3600, len(day))
    order = np.lexsort((second, day))
    return Outside(
        platform[order], person[order].astype(np.int32), day[order].astype(np.int32), second[order].astype(np.int32),
        np.maximum(area[order], -1), rng.integers(0, 8, len(day)), goods(rng, yuan[order]),
    )  # fmt: skip


def platform_basket(level: Levels, seed: int) -> float:
    """Return the mean platform basket in yuan: private over platform is the published ratio for its merchant."""
    case = parameters()["cases"]["aov_ratio"]
    private = float(level.basket[window(level.profile.group, "programme")].mean())
    ratio = (
        case["value"]
        if level.profile.id == case["merchant"]
        else stream(seed, level.profile.id, "platform").uniform(1.05, 1.7)
    )
    return private / ratio


def _pilot_shops(level: Levels) -> list[np.ndarray]:
    """Return shop orders a day at full scale in each pilot area, from September 2018; empty for other merchants."""
    cases = parameters()["cases"]
    if level.profile.id != cases["home_share"]["merchant"]:
        return []
    opened = (np.arange(len(days())) >= day_number(parameters()["first"]["baseline"]["end"]) - 29).astype(float)
    known = level.actual[: window("first", "programme").stop]  # the cohort's study ends with the programme
    best = monthly(known, mean=True).max()
    out = []
    for part, share in ((0.10, cases["home_share"]["value"]), (0.08, 0.11), (0.07, 0.08)):
        out.append(
            opened * best * part * (HOME_PART / share - 1)
        )  # the rest of the private orders is fetched in the shop
    return out


def other_sales(level: Levels, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return expected daily sales of platforms and shops in yuan at full scale, less what the programme took from shops.

    They are set so that the private share over the programme window is the merchant's own.
    """
    profile = level.profile
    span = window(profile.group, "programme")
    private, plain = level.actual * level.basket, level.without * profile.aov
    platform = level.without * platform_basket(level, seed) * bool({"taobao", "jd"} & set(profile.exports))
    goal = private[span].mean() * (1 / profile.share - 1)
    taken = parameters()["programme"]["cannibalised"] * (private - plain)
    rng = stream(seed, profile.id, "shops")
    shape = np.sqrt(level.without) * np.exp(rng.normal(0, 0.05, len(plain)))
    size = (goal - platform[span].mean() + taken[span].mean()) / shape[span].mean()
    return platform, np.maximum(size * shape - taken, 0)
