"""Differences from MLflow's own server that are meant: where each holds, by place, Karat's and MLflow's, and why."""

from differences import ABSENT

REASONS = []
