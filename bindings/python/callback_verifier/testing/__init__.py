"""For tests of a receiver. One signed request, without any publisher, to be handed to the receiver as it is:

    from callback_verifier.testing import assert_refuses, signed_callback, signing_key

    def test_a_profile_is_welcomed():
        app = make_app(Verifier(1234, ["hooks.example.com"], key_pem=signing_key().public_pem))
        request = signed_callback("https://hooks.example.com/hook", fields={"name": "Mike"})
        response = app.test_client().post(request.target, headers=request.headers, data=request.body)
        assert response.status_code == 200

And what attackers send, with the program `mock-publisher` (`pip install ./mock-publisher`), which judges the answers of an application
in this process. The fixture `check_dns` says where it tells its keys:

    def test_changed_bodies_are_refused(check_dns):
        app = make_app(Verifier(1234, ["hooks.example.com"], nameservers=[check_dns]))
        assert_refuses(app, "digest", "body", host="hooks.example.com", dns=check_dns)

Nothing here is for production: whoever can sign can forge.
"""

from callback_verifier._native import PrivateKey
from callback_verifier.testing._entities import Profile, Profiles, Subprofile
from callback_verifier.testing._program import MockPublisherError
from callback_verifier.testing._publisher import Delivery, MockPublisher
from callback_verifier.testing._signed import SignedCallback, signed_callback, signing_key
from callback_verifier.testing._vectors import assert_accepts, assert_refuses, free_address

__all__ = [
    "Delivery",
    "MockPublisher",
    "MockPublisherError",
    "PrivateKey",
    "Profile",
    "Profiles",
    "SignedCallback",
    "Subprofile",
    "assert_accepts",
    "assert_refuses",
    "free_address",
    "signed_callback",
    "signing_key",
]
