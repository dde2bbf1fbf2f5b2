"""Words too common to tell passages apart; pure data, the project's own list."""

from __future__ import annotations

_INDONESIAN = """
ada adalah adanya adapun agak agar aja akan akhirnya aku amat anda antar antara apa apabila apakah apalagi atas atau
ataupun bagai bagaimana bagaimanakah bagi bahkan bahwa beberapa begini begitu belum berapa berapakah berbagai bersama
bila bisa boleh bukan bukankah bukanlah cukup cuma dalam dan dapat dari daripada demi demikian dengan dgn di dia dkk dll
dlm dpt dr dsb dst engga enggak gak hal hanya hanyalah harus hendak hingga ia ialah ini inilah itu itulah jadi jangan jg
jgn jika jikalau juga justru kalau kalaupun kalian kami kamu kan kapan kapankah karena karenanya kata katanya ke kecuali
kemudian kenapa kepada kepadanya ketika khususnya kini kita krn lagi lah lain lainnya lalu lebih lewat lho maka makin
malah mana manakah masih masing maupun melainkan melalui memang mengapa mengatakan mengenai menjadi menurut menurutnya
mereka merupakan meski meskipun misal misalnya mungkin nah namun nanti nantinya nomor nya oleh pada padahal pak paling
para pd per pernah pula pun punya saat saja saling sambil sampai sang sangat saya sbg sdh se sebab sebagai sebagaimana
sebaliknya sebelum sebelumnya sebuah secara sedang sedangkan segala sehingga sejak sejumlah sekali sekaligus sekarang
sekitar selain selaku selalu selama selanjutnya seluruh semakin sementara semua seorang seperti sering serta sesuai
sesuatu setelah setiap si siapa siapakah spt suatu sudah supaya tadi tak tanpa tapi tdk telah tentang tentu tentunya
terhadap terkait termasuk ternyata tersebut tetap tetapi tiap tidak tidakkah tidaklah tlh tsb turut tutur tuturnya ucap
ucapnya ujar ujarnya ungkap ungkapnya untuk usai utk walau walaupun ya yaitu yakni yang yg
"""

_ENGLISH = """
a about after all also am an and any are as at be because been before being between both but by can cannot could did do
does doing done during each for from had has have having he her here hers him his how i if in into is it its itself just
may me might more most must my no nor not of off on once only or other our ours out over own same shall she should so
some such than that the their theirs them then there these they this those through to too under until up upon very was
we were what when where which while who whom whose why will with would you your yours
"""

INDONESIAN = frozenset(_INDONESIAN.split())
ENGLISH = frozenset(_ENGLISH.split())
STOP_WORDS = INDONESIAN | ENGLISH
"""In the form that `index.terms` gives words before it stems them."""
