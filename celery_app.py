"""The Celery application: broker, queues and schedule. Tasks live in :mod:`mailer.tasks`.

A message is a wake-up and carries ids at most; the ledger in PostgreSQL says what is due. So
messages may be lost, doubled or late: they expire soon, and the sweep publishes them again.
"""

from celery import Celery

app = Celery("jianbao", include=["mailer.tasks"])
app.conf.update(
    task_ignore_result=True,
    task_default_queue="work",
    task_routes={"send": {"queue": "send"}},
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 3600, "socket_timeout": 5},
    timezone="UTC",
    beat_schedule={
        # The pause between sweeps is a setting; `mailer beat` puts it in.
        "sweep": {"task": "sweep", "schedule": 1.0},
        "seal": {"task": "seal", "schedule": 60.0},
        "partitions": {"task": "partitions", "schedule": 6 * 3600.0},
    },
)
# Without this a task that is published from another thread (a page) goes to an unconfigured broker.
app.set_default()
