# SPDX-License-Identifier: Apache-2.0
#
# The fail-each mode: a scene is played again and again, and each time one of its connections is closed or
# reset just before one of its steps. Nothing the scene expects is compared after that; what must
# hold is that the proxy lives, answers the next request, and has written one record per exchange.
"""Deliberate accidents at every step of a scene, for every connection."""

from actors import Diverged, Skip
from acts import Performance
from proxy import ProxyTrouble

KINDS = ("closes", "resets", "half-closes")


def play_all(company, scene, show):
    for step in range(1, len(scene.statements) + 1):
        for kind in KINDS:
            number = 0
            while True:
                report, more = play_one(company, scene, step, number, kind, show)
                if report:
                    return report
                number += 1
                if number >= more:
                    break
    return None


def play_one(company, scene, step, number, kind, show):
    """(report or None, how many connections there were to choose from)."""
    proxy = company.proxy_for(scene)
    performance = Performance(scene, proxy, company.stage, company.options.patience)
    statement, choices = None, 0
    note = " (connection %d %s before step %d)" % (number + 1, kind, step + 1)
    try:
        for index, statement in enumerate(scene.statements):
            if index == step:
                performance.forgive()
                lines = performance.lines()
                choices = len(lines)
                strike(lines, number, kind)
            if performance.loose:
                proxy.sentinel()
                blunder(performance, statement)
            else:
                performance.perform(statement)
        if not performance.loose:
            performance.forgive()
            lines = performance.lines()
            choices = len(lines)
            strike(lines, number, kind)
        statement = None
        proxy.settle()
        performance.curtain()
        return None, choices
    except Skip:
        raise
    except (Diverged, ProxyTrouble, OSError) as fault:
        why = str(fault)
        if not proxy.alive() or isinstance(fault, ProxyTrouble):
            why += proxy.final_words()
            company.discard(proxy)
        else:
            for line in performance.lines():
                line.close()
            proxy.settle()
            proxy.records()
        return show(scene, statement, why, note), choices


def strike(lines, number, kind):
    if number < len(lines):
        line = lines[number]
        {"closes": line.close, "resets": line.reset, "half-closes": line.half_close}[kind]()


def blunder(performance, statement):
    """Carries on with the scene as far as that makes sense."""
    actor = performance.clients.get(statement.text.split(" ")[1])
    if actor is not None and actor.line.closed:
        return
    performance.perform(statement)
