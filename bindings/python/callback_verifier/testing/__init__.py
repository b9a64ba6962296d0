"""For tests of a receiver: one signed request, without any publisher, to be handed to the receiver as it is.

    from callback_verifier.testing import signed_callback, signing_key

    def test_a_profile_is_welcomed():
        app = make_app(Verifier(1234, ["hooks.example.com"], key_pem=signing_key().public_pem))
        request = signed_callback("https://hooks.example.com/hook", fields={"name": "Mike"})
        response = app.test_client().post(request.target, headers=request.headers, data=request.body)
        assert response.status_code == 200

Nothing here is for production: whoever can sign can forge.
"""

from callback_verifier._native import PrivateKey
from callback_verifier.testing._signed import SignedCallback, signed_callback, signing_key

__all__ = ["PrivateKey", "SignedCallback", "signed_callback", "signing_key"]
