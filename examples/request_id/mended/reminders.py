"""Reminds of orders."""


def remind(request_id, order):
    print(f"{request_id} do not forget order {order}")
