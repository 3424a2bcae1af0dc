"""Sets that scikit-learn fetches: from its own folder, else from the network, with one clear error."""

import http.client

from sklearn.datasets import get_data_home

from cvkit.data.catalogue import entry as find_entry
from cvkit.data.download import check_reach
from cvkit.data.error import DataError


def by_scikit_learn(name, function, url, **options):
    """Call one of scikit-learn's fetching functions, and fail within seconds where there is no network.

    Left alone, these functions wait and try several times. So the server is asked first whether it is there.

    Args:
        name: name of the set in the catalogue.
        function: such as `sklearn.datasets.fetch_olivetti_faces`.
        url: an address of the server that the function downloads from.
        options: further arguments of the function.

    Returns:
        What the function returns.

    Raises:
        DataError: the set is neither in scikit-learn's folder nor can it be fetched, or what is there is damaged.
    """
    try:
        return function(download_if_missing=False, **options)
    except OSError:
        pass  # not here
    try:
        check_reach(url)
        return function(n_retries=1, **options)
    except (DataError, OSError, EOFError, ValueError, http.client.HTTPException) as error:
        raise DataError(
            f"{name} could not be fetched: {error} Use the set {find_entry(name).instead!r} instead: it needs no "
            f"download. Or fetch it where there is a network, and copy scikit-learn's folder, {get_data_home()}."
        ) from error
